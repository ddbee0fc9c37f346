// Service tokens, and the services that are the same for every run.
import 'reflect-metadata/lite';
import path from 'node:path';
import { randomStream, type Engine } from '@potstill/engine';
import type { ServiceIdentifier } from 'inversify';
import { pino, type Logger } from 'pino';
import type { Paths, ProgressSink, ServiceName, Services, TeacherStore } from '../contracts/index.js';
import type { PluginIdentity } from '../recipe/plan.js';
import { serviceNames } from './plugin-shape.js';

/** How each service is made. It may use the others, which are made when first read. */
export type ServiceFactories = {
  readonly [N in ServiceName]: (services: Omit<Services, N>) => Services[N];
};

/** A factory and whose it is. */
export interface BoundFactory<N extends ServiceName> {
  readonly by: PluginIdentity;
  readonly make: ServiceFactories[N];
}

const ids = new Map(
  serviceNames.map((name) => [name, { service: Symbol(name), factory: Symbol(`make ${name}`) }]),
);

function idOf(name: ServiceName) {
  const id = ids.get(name);
  if (id === undefined) throw new Error(`internal: no service ${name}`);
  return id;
}

/** The token of a service. */
export function serviceId<N extends ServiceName>(name: N): ServiceIdentifier<Services[N]> {
  return idOf(name).service;
}

/** The token of a service's factory, which the root container holds. */
export function factoryId<N extends ServiceName>(name: N): ServiceIdentifier<BoundFactory<N>> {
  return idOf(name).factory;
}

export interface StandardServices {
  /** Seed of the root stream. */
  readonly seed: number;
  readonly paths: Paths;
  readonly engine: () => Engine;
  readonly store: () => TeacherStore;
  /** Default: takes no notice. */
  readonly progress?: ProgressSink;
  /** Default: silent. */
  readonly logger?: Logger;
  /** Default: `.cache` in the runs folder. */
  readonly cacheFolder?: string;
}

/** Factories of all services from what differs between runs. */
export function standardServices(given: StandardServices): ServiceFactories {
  return {
    engine: given.engine,
    store: given.store,
    random: () => randomStream(given.seed),
    progress: () => given.progress ?? { emit: () => undefined },
    logger: () => given.logger ?? pino({ level: 'silent' }),
    paths: () => given.paths,
    cacheFolder: () => given.cacheFolder ?? path.join(given.paths.runsFolder, '.cache'),
    clock: () => ({ now: () => Date.now() }),
  };
}
