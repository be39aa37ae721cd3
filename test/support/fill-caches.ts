import { requestText, Wire } from './wire.js';

/** More tables than the service keeps anything of: a few large bodies and prepared tensors, then many small bodies. */
const largeTables = 2500;
const smallTables = 10_000;

/** Fills every cache of a service on 127.0.0.1: what grows from there on grows for ever. */
export async function fillCaches(port: number): Promise<void> {
  const wire = await Wire.open(port);
  for (let i = 0; i < largeTables + smallTables; i++) {
    const path =
      i < largeTables
        ? `/v1/tables/rope.bin?head_dim=128&start=${i}&length=120&tensors=cos`
        : `/v1/tables/rope-frequencies.json?head_dim=4&rope_theta=${i}`;
    wire.send(requestText('GET', path));
    const { status } = await wire.answer();
    if (status !== 200) throw new Error(`${path} answers ${status}`);
  }
  wire.close();
}
