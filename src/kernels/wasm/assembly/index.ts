export { bucket } from './bucket';
export { exactPhase } from './exact-phase';
export { phase } from './phase';
export { slopeDistance } from './slope-distance';
