/** Elements of a table of rows that lie side by side: a part of one row, or some whole rows. */
export interface Rectangle {
  readonly row: number;
  readonly column: number;
  readonly rows: number;
  readonly columns: number;
  /** Elements of the slice before it. */
  readonly done: number;
}

/**
 * Cuts elements first … first + count − 1 of a table into rectangles of at most `limit` elements, none of which
 * spans two groups of `group` rows.
 */
export function* rectangles(
  first: number,
  count: number,
  columns: number,
  limit: number,
  group = Number.POSITIVE_INFINITY,
): Generator<Rectangle> {
  for (let done = 0; done < count; ) {
    const row = Math.floor((first + done) / columns);
    const column = first + done - row * columns;
    const left = Math.min(count - done, limit);
    const whole = column === 0 ? Math.min(Math.floor(left / columns), group - (row % group)) : 0;
    const rectangle =
      whole > 0
        ? { row, column, rows: whole, columns, done }
        : { row, column, rows: 1, columns: Math.min(left, columns - column), done };
    yield rectangle;
    done += rectangle.rows * rectangle.columns;
  }
}
