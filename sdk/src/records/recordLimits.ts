/** Most that one contribution's file may hold (docs/interfaces.md). Sizes in bytes. */
export type RecordLimits = { fileBytes: number; records: number; recordBytes: number };

export const recordLimits: RecordLimits = {
  fileBytes: 16 * 1024 * 1024,
  records: 20_000,
  recordBytes: 16 * 1024,
};

/** Most of a file that is looked at before it is contributed: a gradient of each record is computed. */
export const previewLimits: RecordLimits = { ...recordLimits, fileBytes: 8 * 1024 * 1024, records: 512 };
