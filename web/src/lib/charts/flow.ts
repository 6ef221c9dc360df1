import { sankey, sankeyLinkHorizontal } from 'd3-sankey';

export type FlowTarget = { id: string; label: string; detail: string; value: bigint; color: string };

type Node = { id: string };
type Link = { id: string; color: string };

export type FlowLayout = {
  source: { x: number; y: number; width: number; height: number };
  links: { id: string; path: string; width: number; color: string }[];
  targets: (FlowTarget & { x: number; y: number; height: number; middle: number })[];
};

/** Space for each label, in pixels, however thin its stream is. */
const ROW = 22;

/** Width of the payer's label on the left, in pixels. */
const PAYER = 48;

/** Height that gives every target room for its label. */
export function flowHeight(targets: number): number {
  return Math.max(120, targets * (ROW + 8) + 16);
}

/** Places one payment that divides: the payer on the left, who is paid on the right, streams in proportion. */
export function layoutFlow(targets: readonly FlowTarget[], width: number, labels: number): FlowLayout {
  const height = flowHeight(targets.length);
  const total = targets.reduce((sum, { value }) => sum + value, 0n);
  // A stream thinner than a hundredth could not be seen; the label carries the exact figure.
  const share = (value: bigint): number => Math.max(0.01, Number((value * 10_000n) / (total || 1n)) / 10_000);
  const layout = sankey<Node, Link>()
    .nodeId(({ id }) => id)
    .nodeWidth(10)
    .nodePadding(ROW - 6)
    .nodeSort(null)
    .linkSort(null)
    .extent([
      [PAYER, 8],
      [width - labels, height - 8],
    ]);
  const graph = layout({
    nodes: [{ id: 'payer' }, ...targets.map(({ id }) => ({ id }))],
    links: targets.map(({ id, value, color }) => ({ id, color, source: 'payer', target: id, value: share(value) })),
  });
  const place = new Map(graph.nodes.map((node) => [node.id, node]));
  const path = sankeyLinkHorizontal<Node, Link>();
  const payer = place.get('payer');
  return {
    source: { x: payer?.x0 ?? 0, y: payer?.y0 ?? 0, width: 10, height: (payer?.y1 ?? 0) - (payer?.y0 ?? 0) },
    links: graph.links.map((link) => ({
      id: link.id,
      path: path(link) ?? '',
      width: Math.max(1, link.width ?? 1),
      color: link.color,
    })),
    targets: targets.map((target) => {
      const node = place.get(target.id);
      const y = node?.y0 ?? 0;
      const end = node?.y1 ?? 0;
      return { ...target, x: node?.x0 ?? 0, y, height: Math.max(2, end - y), middle: (y + end) / 2 };
    }),
  };
}
