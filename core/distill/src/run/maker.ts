// What the stages of a run need of its container: components made from their plans, and the services.
import type { ComponentKind, Components, Contexts, Services } from '../contracts/index.js';
import type { ComponentPlan } from '../recipe/plan.js';

/** The run's container, as far as stages see it. */
export interface Maker {
  readonly services: Services;
  make<K extends ComponentKind>(plan: ComponentPlan<K>, context: Contexts[K]): Promise<Components[K]>;
}
