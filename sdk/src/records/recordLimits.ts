/** Most that one contribution's file may hold (docs/interfaces.md). Sizes in bytes. */
export type RecordLimits = { fileBytes: number; records: number; recordBytes: number };

export const recordLimits: RecordLimits = {
  fileBytes: 16 * 1024 * 1024,
  records: 20_000,
  recordBytes: 16 * 1024,
};
