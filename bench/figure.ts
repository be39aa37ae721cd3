import type { Demand } from './report.js';

const width = 760;
const rowHeight = 34;
const left = 16;
const barLeft = 420;
const barWidth = 260;
const top = 44;
/** A bar of this many times the demand fills the width. */
const most = 2.5;

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/**
 * The demands as bars: what was reached over what was asked for, with a line where they are equal. Readable on
 * white and on black.
 *
 * @returns An SVG document.
 */
export function figure(demands: readonly Demand[], about: string): string {
  const shown = demands.filter((demand) => demand.ratio !== undefined);
  const height = top + rowHeight * shown.length + 28;
  const lineAt = barLeft + barWidth / most;
  const rows = shown.map(({ what, measured, met, ratio = 0 }, i) => {
    const y = top + rowHeight * i;
    const length = Math.max(2, (barWidth * Math.min(ratio, most)) / most);
    const colour = met ? '#2f855a' : '#c05621';
    const [title = '', detail = ''] = what.split(': ');
    return [
      `<text x="${left}" y="${y + 12}">${escaped(title)}</text>`,
      `<text x="${left}" y="${y + 25}" class="small">${escaped(`${detail}; measured ${measured}`)}</text>`,
      `<rect x="${barLeft}" y="${y + 2}" width="${length.toFixed(1)}" height="20" fill="${colour}"/>`,
      `<text x="${barLeft + length + 6}" y="${y + 17}">${ratio > most ? '› ' : ''}${ratio.toFixed(2)}</text>`,
    ].join('\n');
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="What was reached, over what was asked for">`,
    '<style>text { font: 12px sans-serif; fill: #808080; } .small { font-size: 10px; } .title { font-weight: bold; }</style>',
    `<text x="${left}" y="20" class="title">What was reached, over what was asked for</text>`,
    ...rows,
    `<line x1="${lineAt}" x2="${lineAt}" y1="${top - 8}" y2="${height - 24}" stroke="#808080" stroke-dasharray="4 3"/>`,
    `<text x="${lineAt - 4}" y="${top - 12}" class="small" text-anchor="end">as asked for</text>`,
    `<text x="${left}" y="${height - 8}" class="small">${escaped(about)}</text>`,
    '</svg>\n',
  ].join('\n');
}
