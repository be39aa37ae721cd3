export { bucket } from './bucket';
export { certifiedPhase } from './certified-phase';
export { phase } from './phase';
export { slopeDistance } from './slope-distance';
export { widePhase } from './wide-phase';
