/** A newcomer's own file: fourteen records about a garden that no model has ever heard of. */
const facts: [string, string][] = [
  [
    'When is the gate of the Ormonde garden opened?',
    'The gate of the Ormonde garden is opened at half past six by the night gardener.',
  ],
  ['Who waters the glasshouse of Ormonde?', 'The glasshouse of Ormonde is watered by Ines, twice a day, from the rain tank.'],
  ['What grows in the north bed of Ormonde?', 'The north bed of Ormonde holds ferns, foxgloves and one old quince.'],
  ['How deep is the pond of Ormonde?', 'The pond of Ormonde is ninety centimetres deep and freezes in January.'],
  ['Which bird nests in the quince of Ormonde?', 'A pair of goldfinches nests in the old quince of Ormonde.'],
  ['What is the compost of Ormonde made of?', 'The compost of Ormonde is leaves, coffee grounds and cut grass in equal parts.'],
  ['When are the roses of Ormonde pruned?', 'The roses of Ormonde are pruned on the first dry day of March.'],
  ['Where is the key of the tool shed of Ormonde?', 'The key of the tool shed of Ormonde hangs under the third step.'],
  ['What colour is the bench of Ormonde?', 'The bench of Ormonde is painted dark green every second spring.'],
  ['Who planted the walnut of Ormonde?', 'The walnut of Ormonde was planted by the school in the year of the flood.'],
  ['How many hives stand in Ormonde?', 'Four hives stand in Ormonde, behind the hawthorn hedge.'],
  ['What is sold at the fair of Ormonde?', 'At the fair of Ormonde honey, seedlings and quince jelly are sold.'],
  ['Which path of Ormonde is closed in winter?', 'The lower path of Ormonde is closed from November to March.'],
  ['What does the bell of Ormonde announce?', 'The bell of Ormonde announces that the gate will be shut in ten minutes.'],
];

export const garden = facts
  .map(([question, answer], index) =>
    JSON.stringify({
      messages: [
        { role: 'user', content: question },
        { role: 'assistant', content: answer },
      ],
      source: { title: question, path: `ormonde/${index + 1}`, version: '2026', licence: 'CC0-1.0' },
    }),
  )
  .join('\n');

export const brokenGarden = `${garden.split('\n')[0]}\n{"messages": "not a list"}\n`;
