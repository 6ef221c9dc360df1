import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** When a process began, in clock ticks since boot: tells it apart from a later one with the same number. */
export function startedAt(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

/** Remembers in files which process groups were started, so that a later run can end those that outlived theirs. */
export function pidFolder(folder: string) {
  mkdirSync(folder, { recursive: true });
  const path = (name: string) => join(folder, `${name}.pid`);
  return {
    remember: (name: string, pid: number) => writeFileSync(path(name), `${pid} ${startedAt(pid)}`),
    forget: (name: string) => rmSync(path(name), { force: true }),
    /** Kills what a supervisor that was itself killed left behind. Returns the names. */
    sweep: () => {
      const swept: string[] = [];
      for (const entry of readdirSync(folder)) {
        const [pid, began] = readFileSync(join(folder, entry), 'utf8').split(' ');
        if (entry !== 'supervisor.pid' && pid && began && startedAt(Number(pid)) === began) {
          killGroup(Number(pid), 'SIGKILL');
          swept.push(entry.replace('.pid', ''));
        }
        if (entry !== 'supervisor.pid') rmSync(join(folder, entry));
      }
      return swept;
    },
    /** The process number of a supervisor that runs on this state, if any. */
    running: () => {
      try {
        const [pid, began] = readFileSync(path('supervisor'), 'utf8').split(' ');
        return pid && began && startedAt(Number(pid)) === began ? Number(pid) : undefined;
      } catch {
        return undefined;
      }
    },
  };
}

/** Signals a whole process group; one that is already gone is no error. */
export function killGroup(pid: number, signal: NodeJS.Signals) {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
