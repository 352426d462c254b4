import type { ImageFigures } from './measure-images.ts'

/** What was measured, as a table of Markdown: a line for each app. */
export function figuresTable(figures: readonly ImageFigures[]): string {
  const head = ['app', 'image, MB', 'ready, s', 'of it CPU, s', 'idle RSS, MB']
  const rows = figures.map(({ app, bytes, readyMs, cpuMs, rssBytes }) => [app, (bytes / 1e6).toFixed(0), (readyMs / 1000).toFixed(2), (cpuMs / 1000).toFixed(2), (rssBytes / 1e6).toFixed(0)])
  const line = (cells: readonly string[]): string => `| ${cells.map((cell, index) => (index === 0 ? cell.padEnd(12) : cell.padStart(12))).join(' | ')} |`
  return [line(head), `|${head.map((_, index) => (index === 0 ? '-'.repeat(14) : `${'-'.repeat(13)}:`)).join('|')}|`, ...rows.map(line)].join('\n')
}
