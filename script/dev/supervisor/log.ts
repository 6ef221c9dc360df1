import { closeSync, mkdirSync, openSync, renameSync, statSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

/** A log file that is appended to; at 16 MiB it becomes `<name>.1` and a new one begins. */
export function openLog(path: string, maxBytes = 16 * 1024 * 1024) {
  mkdirSync(dirname(path), { recursive: true });
  let file = openSync(path, 'a');
  let size = statSync(path).size;
  let open = true;
  return {
    path,
    /** Appends; what a process says after its log was closed is dropped. */
    write(text: string | Uint8Array) {
      if (!open) return;
      if (size > maxBytes) {
        closeSync(file);
        renameSync(path, `${path}.1`);
        file = openSync(path, 'a');
        size = 0;
      }
      size += typeof text === 'string' ? writeSync(file, text) : writeSync(file, text);
    },
    close() {
      if (open) closeSync(file);
      open = false;
    },
  };
}
