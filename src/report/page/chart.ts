/**
 * A history as a chart: SVG, drawn without a browser.
 * Guarantees: drawn of numbers and of months that were checked to be months; its colours are the page's, in light and in dark;
 * two of it, for a wide and for a narrow place, of which the page shows one, so that its letters are readable in both.
 */
import { parse, type Spec, View } from 'vega'
import { THIN } from '../../words.ts'
import type { Bar, History } from './months.ts'
import { monthName } from './wording.ts'

interface Size {
  readonly name: 'wide' | 'narrow'
  readonly width: number
  readonly height: number
  /** Room for the label of a year, and of a month. */
  readonly labels: { readonly year: number; readonly month: number }
}

const SIZES: readonly Size[] = [
  { name: 'wide', width: 880, height: 220, labels: { year: 44, month: 64 } },
  { name: 'narrow', width: 330, height: 190, labels: { year: 40, month: 62 } },
]

/** What was drawn last: a report that takes up a signature shows the same history again. */
let last: { readonly key: string; readonly drawing: Promise<string> } | undefined

/** @returns the markup of a drawing for each size, with what it shows in words */
export function chartOf(history: History): Promise<string> {
  const key = JSON.stringify(history)
  if (last?.key !== key) last = { key, drawing: drawing(history) }
  return last.drawing
}

async function drawing(history: History): Promise<string> {
  if (history.bars.length === 0) return ''
  return (await Promise.all(SIZES.map((size) => drawn(history, size)))).join('\n')
}

async function drawn({ bars, by, summary }: History, size: Size): Promise<string> {
  const svg = await new View(parse(specOf(bars, by, size)), { renderer: 'none' }).toSVG()
  const [, viewBox = ''] = /viewBox="([\d. -]+)"/.exec(svg) ?? []
  const inner = svg.slice(svg.indexOf('>') + 1)
  const id = `chart-${size.name}`
  return (
    `<svg class="${size.name}" viewBox="${viewBox}" role="img" aria-labelledby="${id}-title ${id}-desc" focusable="false">` +
    `<title id="${id}-title">Interactions by ${by}</title><desc id="${id}-desc">${summary}</desc>${inner}`
  )
}

function specOf(bars: readonly Bar[], by: History['by'], { width, height, labels }: Size): Spec {
  const ticks = ticksOf(bars, by, width, labels)
  const names = JSON.stringify(Object.fromEntries(ticks.map(({ key, label }) => [key, label])))
  return {
    width,
    height,
    padding: 0,
    autosize: { type: 'fit', contains: 'padding' },
    data: [{ name: 'counts', values: [...bars] }],
    scales: [
      {
        name: 'x',
        type: 'band',
        domain: { data: 'counts', field: 'key' },
        range: 'width',
        paddingInner: bars.length > 60 ? 0.15 : 0.25,
      },
      { name: 'y', domain: { data: 'counts', field: 'interactions' }, range: 'height', nice: 4, zero: true },
    ],
    axes: [
      {
        orient: 'left',
        scale: 'y',
        aria: false,
        tickCount: 4,
        tickMinStep: 1,
        grid: true,
        gridColor: 'currentColor',
        gridOpacity: 0.15,
        domain: false,
        ticks: false,
        labelColor: 'currentColor',
        labelFontSize: 12,
        labelPadding: 8,
        encode: {
          labels: { update: { text: { signal: `replace(format(datum.value, ','), /,/g, '${THIN}')` } } },
        },
      },
      {
        orient: 'bottom',
        scale: 'x',
        aria: false,
        values: ticks.map(({ key }) => key),
        bandPosition: 0,
        domainColor: 'currentColor',
        tickColor: 'currentColor',
        tickSize: 6,
        labelColor: 'currentColor',
        labelFontSize: 12,
        labelAlign: 'left',
        labelPadding: 4,
        labelFlush: false,
        encode: { labels: { update: { text: { signal: `${names}[datum.value]` } } } },
      },
    ],
    marks: [
      {
        type: 'rect',
        name: 'bars',
        aria: false,
        from: { data: 'counts' },
        encode: {
          enter: {
            x: { scale: 'x', field: 'key' },
            width: { scale: 'x', band: 1 },
            y: { scale: 'y', field: 'interactions' },
            y2: { scale: 'y', value: 0 },
            fill: { value: 'currentColor' },
          },
        },
      },
    ],
  }
}

interface Tick {
  readonly key: string
  readonly label: string
}

/** As many as have room: every month, every third, every sixth; else every January, every second, fifth or tenth, … */
function ticksOf(
  bars: readonly Bar[],
  by: History['by'],
  width: number,
  labels: Size['labels'],
): readonly Tick[] {
  const keys = bars.map(({ key }) => key)
  if (by === 'month') {
    for (const step of [1, 3, 6]) {
      const ticks = keys.filter((key) => monthOf(key) % step === 0)
      if (ticks.length > 0 && ticks.length <= width / labels.month) return ticks.map(monthTick)
    }
  }
  const years = by === 'month' ? keys.filter((key) => monthOf(key) === 0) : keys
  for (const step of [1, 2, 5, 10, 20, 50, 100, 200, 500]) {
    const ticks = years.filter((key) => Number.parseInt(key, 10) % step === 0)
    if (ticks.length <= width / labels.year) return ticks.map((key) => ({ key, label: yearOf(key) }))
  }
  return []
}

/** The first one, and each January, says its year. */
function monthTick(key: string, index: number): Tick {
  const name = monthName(monthOf(key), 'short')
  return { key, label: index === 0 || monthOf(key) === 0 ? `${name} ${yearOf(key)}` : name }
}

function monthOf(key: string): number {
  return Number(key.slice(-2)) - 1
}

function yearOf(key: string): string {
  return key.replace(/(.)-\d\d$/, '$1')
}
