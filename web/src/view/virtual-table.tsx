import type { ComponentChildren, JSX } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Sort } from '../viewmodel/sorted-list';
import { useText } from './hooks';
import { Icon } from './icons';

/** Rows drawn beyond the edge, so that a fast scroll does not show a hole. */
const MARGIN_ROWS = 8;

export interface Column<Name extends string> {
  name: Name;
  label: string;
  sortable?: boolean;
  number?: boolean;
}

export interface VirtualTableProps<Row, Name extends string> {
  name: string;
  label: string;
  columns: readonly Column<Name>[];
  rows: readonly Row[];
  rowKey(row: Row): string;
  /** The cells of one row, drawn inside a `tr`. */
  cells(row: Row): JSX.Element;
  sort?: Sort<Name>;
  onSort?(column: Name): void;
  /** Below the last row. */
  after?: ComponentChildren;
  /** The last row has come near the edge. */
  onEnd?(): void;
}

interface Window {
  first: number;
  count: number;
  row: number;
}

/** Which rows are in sight. Row heights are all the same and come from the style sheet (--row). */
function useWindow(total: number, onEnd: (() => void) | undefined) {
  const box = useRef<HTMLDivElement>(null);
  const [seen, setSeen] = useState<Window>({ first: 0, count: 40, row: 34 });
  const measure = (): void => {
    const element = box.current;
    if (!element) return;
    const row = parseFloat(getComputedStyle(element).getPropertyValue('--row')) || 34;
    const first = Math.max(0, Math.floor(element.scrollTop / row) - MARGIN_ROWS);
    const count = Math.ceil(element.clientHeight / row) + 2 * MARGIN_ROWS;
    setSeen((before) => (before.first === first && before.count === count && before.row === row ? before : { first, count, row }));
    if (onEnd && element.scrollTop > 0 && element.scrollTop + 2 * element.clientHeight > element.scrollHeight) onEnd();
  };
  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  useLayoutEffect(measure, [total]);
  return { box, seen, measure };
}

function Head<Name extends string>({ columns, sort, onSort }: Pick<VirtualTableProps<never, Name>, 'columns' | 'sort' | 'onSort'>) {
  const text = useText();
  const order = (name: Name) => (sort?.column !== name ? 'none' : sort.descending ? 'descending' : 'ascending');
  return (
    <tr aria-rowindex={1}>
      {columns.map(({ name, label, sortable, number }) => (
        <th key={name} scope="col" class={`cell-${name} ${number ? 'number' : ''}`} aria-sort={sortable ? order(name) : undefined}>
          {sortable ? (
            <button type="button" title={text.say('table.sort', { column: label })} onClick={() => onSort?.(name)}>
              {label}
              <Icon name={order(name) === 'descending' ? 'down' : 'up'} size={14} />
            </button>
          ) : (
            label
          )}
        </th>
      ))}
    </tr>
  );
}

export function VirtualTable<Row, Name extends string>(props: VirtualTableProps<Row, Name>) {
  const { name, label, columns, rows, rowKey, cells, after } = props;
  const { box, seen, measure } = useWindow(rows.length, props.onEnd);
  const first = Math.min(seen.first, Math.max(0, rows.length - seen.count));
  const shown = rows.slice(first, first + seen.count);
  const below = rows.length - first - shown.length;
  const gap = (height: number, key: string) =>
    height > 0 && (
      <tr key={key} class="gap" aria-hidden="true">
        <td style={{ height: `${height}px` }} />
      </tr>
    );
  return (
    <div class={`table table-${name}`} ref={box} onScroll={measure} tabIndex={0} role="region" aria-label={label}>
      <table aria-rowcount={rows.length + 1} aria-label={label}>
        <colgroup>
          {columns.map((column) => (
            <col key={column.name} class={`col-${column.name}`} />
          ))}
        </colgroup>
        <thead>
          <Head columns={columns} {...(props.sort && { sort: props.sort })} {...(props.onSort && { onSort: props.onSort })} />
        </thead>
        <tbody>
          {gap(first * seen.row, 'above')}
          {shown.map((row, at) => (
            <tr key={`row ${rowKey(row)}`} aria-rowindex={first + at + 2}>
              {cells(row)}
            </tr>
          ))}
          {gap(below * seen.row, 'below')}
        </tbody>
      </table>
      {after}
    </div>
  );
}
