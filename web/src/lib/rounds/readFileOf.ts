/** Text of the file that was chosen in a file input, and the input empty again, so that the same file can be chosen twice. */
export async function readFileOf(event: Event & { currentTarget: HTMLInputElement }): Promise<string | undefined> {
  const input = event.currentTarget;
  const text = await input.files?.[0]?.text();
  input.value = '';
  return text;
}
