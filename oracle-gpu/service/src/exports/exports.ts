import type { ExportFormat, ExportState } from '../engine/schemas.ts';
import { ServiceError } from '../errors.ts';
import type { LoadedRelease } from '../releases.ts';
import type { Trainer } from '../training/estimate.ts';
import { licenceRefusal } from './licence.ts';
import { provenanceOf } from './provenance.ts';

type Base = Parameters<typeof licenceRefusal>[0];

const idOf = ({ adapter }: LoadedRelease, format: ExportFormat): string => `${adapter}.${format}`;

/** The release, if it is served here. Its adapter is public on IPFS, so anybody may have it exported. */
export async function releaseToExport({ releases }: Trainer, releaseHash: string): Promise<LoadedRelease> {
  const release = await releases.load(releaseHash);
  if (!release)
    throw new ServiceError(404, 'release_not_found', `This operator has no release ${releaseHash}: ask one that serves it.`);
  return release;
}

/** Why a format that contains the base is not handed out; undefined where it is. */
const refusalOf = (base: Base, format: ExportFormat): string | undefined =>
  format === 'peft' ? undefined : licenceRefusal(base);

/** Throws 403 with the reason where a format is not handed out. */
async function requireLicence({ engine }: Trainer, format: ExportFormat): Promise<void> {
  const { base } = await engine.health();
  const refusal = base && refusalOf(base, format);
  if (refusal !== undefined) throw new ServiceError(403, 'licence_forbids', refusal);
}

/** What a release can be downloaded as, how far each is, and why it cannot be. */
export async function exportsOf(context: Trainer, release: LoadedRelease) {
  const { engine } = context;
  const [{ base }, formats] = await Promise.all([engine.health(), engine.exportFormats(release.adapter)]);
  if (!base) throw new ServiceError(503, 'engine_unavailable', 'The engine is still loading its base: try again in a minute.');
  const described = await Promise.all(
    formats.map(async ({ format, mostBytes, refused }) => {
      const refusal = refusalOf(base, format) ?? (format === 'peft' ? null : refused);
      const state = refusal === null ? await stateOf(context, release, format) : undefined;
      return { format, mostBytes, refused: refusal, ...(state ? shown(state) : { status: 'none' as const }) };
    }),
  );
  return {
    releaseHash: release.releaseHash,
    adapter: release.adapter,
    base: { id: base.id, name: base.name, licence: base.licence },
    formats: described,
  };
}

/** Has an export made, or finds the one that is there. Throws 403 with the reason where it is not handed out. */
export async function startExport(context: Trainer, release: LoadedRelease, format: ExportFormat) {
  await requireLicence(context, format);
  const state = await context.engine.startExport(release.adapter, format, await provenanceOf(context, release));
  return { format, ...shown(state) };
}

/** A finished file, or the part of it that `range` asks for. */
export async function openExportFile(
  context: Trainer,
  release: LoadedRelease,
  format: ExportFormat,
  name: string,
  range: string | undefined,
  signal: AbortSignal,
): Promise<{ response: Response; sha256: string | undefined }> {
  await requireLicence(context, format);
  const id = idOf(release, format);
  const { result } = await context.engine.exportState(id);
  const response = await context.engine.exportFile(id, name, range, signal);
  return { response, sha256: result?.files.find((file) => file.name === name)?.sha256 };
}

async function stateOf({ engine }: Trainer, release: LoadedRelease, format: ExportFormat): Promise<ExportState | undefined> {
  return engine.exportState(idOf(release, format)).catch((error: unknown) => {
    if (error instanceof ServiceError && error.code === 'export_not_found') return undefined;
    throw error;
  });
}

const shown = ({ status, stage, error, result }: ExportState) => ({
  status,
  ...(stage ? { stage } : {}),
  ...(error ? { error: error.message } : {}),
  ...(result ? { files: result.files, checks: result.checks } : {}),
});
