/** Takes the optional white space of RFC 9110, 5.6.3 (blanks and tabs) off both ends, in linear time. */
export function trimBlanks(value: string): string {
  let start = 0;
  let end = value.length;
  while (start < end && (value[start] === ' ' || value[start] === '\t')) start++;
  while (end > start && (value[end - 1] === ' ' || value[end - 1] === '\t')) end--;
  return value.slice(start, end);
}

/**
 * Splits the value of a header field at a separator, leaving quoted strings whole (RFC 9110, 5.6.1 and 5.6.4).
 * Entries come without the white space around them; empty entries are dropped, as the list rule says.
 * An unclosed quote runs to the end of the value.
 */
export function splitOutsideQuotes(value: string, separator: ',' | ';'): string[] {
  const entries: string[] = [];
  let start = 0;
  let quoted = false;
  const close = (end: number) => {
    const entry = trimBlanks(value.slice(start, end));
    if (entry !== '') entries.push(entry);
    start = end + 1;
  };
  for (let at = 0; at < value.length; at++) {
    const character = value[at];
    if (character === '"') quoted = !quoted;
    else if (quoted && character === '\\') at++;
    else if (character === separator && !quoted) close(at);
  }
  close(value.length);
  return entries;
}
