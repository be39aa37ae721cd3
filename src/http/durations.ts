/** Upper bounds in seconds: from a cached answer (100 µs) to a table of gigabytes. */
const bounds = [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 60, 300];

/** Anything else is one label: clients choose methods, and a label has to stay countable. */
const methods = ['GET', 'HEAD', 'POST', 'OPTIONS', 'other'];

const metric = 'posenc_http_request_duration_seconds';

/** Requests of one method, route and status. */
interface Series {
  /** As Prometheus reads them. Methods, routes and statuses hold nothing that it would have escaped. */
  readonly labels: string;
  /** Requests in each bucket; those beyond the last bound at the end. */
  readonly counts: Float64Array;
  seconds: number;
}

/**
 * How long requests took, by method, route pattern and status: a histogram of Prometheus. It counts in arrays,
 * because prom-client's makes a text of the labels and of a bound at every observation, which took a fifth of a
 * small request.
 */
export class Durations {
  private readonly series = new Map<string, Map<number, Series>>();

  /** Counts a request whose route matched `route`. */
  add(method: string, route: string, status: number, seconds: number): void {
    const series = this.seriesOf(method, route, status);
    let bucket = 0;
    while (bucket < bounds.length && seconds > bounds[bucket]!) bucket++;
    series.counts[bucket]!++;
    series.seconds += seconds;
  }

  private seriesOf(method: string, route: string, status: number): Series {
    let ofRoute = this.series.get(route);
    if (!ofRoute) {
      ofRoute = new Map();
      this.series.set(route, ofRoute);
    }
    const known = methods.indexOf(method);
    const index = known < 0 ? methods.length - 1 : known;
    const key = status * methods.length + index;
    let found = ofRoute.get(key);
    if (!found) {
      const labels = `method="${methods[index]}",route="${route}",status="${status}"`;
      found = { labels, counts: new Float64Array(bounds.length + 1), seconds: 0 };
      ofRoute.set(key, found);
    }
    return found;
  }

  /** The histogram in the text format of Prometheus. */
  print(): string {
    const lines = [
      `# HELP ${metric} Time from the first hook to the last byte, by route pattern.`,
      `# TYPE ${metric} histogram`,
    ];
    for (const ofRoute of this.series.values()) {
      for (const { labels, counts, seconds } of ofRoute.values()) {
        let total = 0;
        counts.forEach((count, i) => {
          total += count;
          lines.push(`${metric}_bucket{le="${bounds[i] ?? '+Inf'}",${labels}} ${total}`);
        });
        lines.push(`${metric}_sum{${labels}} ${seconds}`, `${metric}_count{${labels}} ${total}`);
      }
    }
    return `${lines.join('\n')}\n`;
  }
}
