import { DeliveryLanes, type LoadedDelivery } from '../../src/webhooks/deliveries/delivery-lanes.js';
import type { ClaimedDelivery } from '../../src/webhooks/deliveries/delivery.js';

const WINDOW = 8;
const QUICK = { isDown: false, durationMs: 5 };

let started: string[];
let givenBack: string[];
let lanes: DeliveryLanes;

beforeEach(() => {
  [started, givenBack] = [[], []];
  lanes = new DeliveryLanes(
    ({ delivery }) => started.push(delivery.id),
    (deliveries) => givenBack.push(...deliveries.map(({ id }) => id)),
  );
});

function claimed(id: string, changes: Partial<ClaimedDelivery> = {}): ClaimedDelivery {
  return {
    ...{
      id,
      endpointId: 'endpoint',
      appId: 'app',
      transactionId: id,
      seq: 1,
      eventId: id,
      type: 'transaction.succeeded',
    },
    ...{ attempts: 1, refusals: 0, outages: 0, isReplay: false, isProbe: false, failures: 0, replayFailures: 0 },
    ...{ waitedMs: 0, window: WINDOW, isFull: false, url: 'https://partner.example/' },
    ...{ secret: null, previousSecrets: null, ...changes },
  };
}

const load = (delivery: ClaimedDelivery, agoMs = 0): LoadedDelivery => ({
  ...{ delivery, body: '{}', claimedAt: performance.now() - agoMs },
});

function addMany(count: number, changes: Partial<ClaimedDelivery> = {}): ClaimedDelivery[] {
  const deliveries = Array.from({ length: count }, (_, index) =>
    claimed(`${changes.endpointId ?? ''}${index}`, changes),
  );
  lanes.add(deliveries.map((delivery) => load(delivery)));
  return deliveries;
}

it('an endpoint has its window in progress; each answer makes room for the next one, in order', () => {
  const deliveries = addMany(20);
  expect(started).toEqual(['0', '1', '2', '3', '4', '5', '6', '7']);
  for (const delivery of deliveries.slice(0, 12)) lanes.leave(delivery, QUICK);
  expect(started).toEqual(deliveries.map(({ id }) => id));
  expect(givenBack).toEqual([]);
});

it('endpoints do not wait for each other', () => {
  addMany(20, { endpointId: 'hanging' });
  addMany(2, { endpointId: 'quick' });
  expect(started.filter((id) => id.startsWith('quick'))).toHaveLength(2);
});

it('after an attempt that found the endpoint down, what has not begun is given back and not sent', () => {
  const [first] = addMany(20);
  if (first) lanes.leave(first, { isDown: true, durationMs: 5 });
  expect(started).toHaveLength(WINDOW);
  expect(givenBack).toHaveLength(20 - WINDOW);
});

it('what has waited so long that its attempt could outlast the lease is given back', () => {
  lanes.add([load(claimed('old'), 10_500), load(claimed('new'), 9_000)]);
  expect([started, givenBack]).toEqual([['new'], ['old']]);
});

it('at the end, what has not begun is given back', () => {
  addMany(20);
  lanes.clear();
  expect(givenBack).toHaveLength(20 - WINDOW);
});

it('more is needed once, when fewer wait than fit into the window, and only if the claim was full', () => {
  const deliveries = addMany(20, { isFull: true });
  const [first, ...others] = deliveries;
  if (first) expect(lanes.needsMore(first)).toBe(false);
  for (const delivery of deliveries.slice(0, 5)) lanes.leave(delivery, QUICK);
  expect(others.map((delivery) => lanes.needsMore(delivery)).filter(Boolean)).toHaveLength(1);
  const [last] = addMany(1, { endpointId: 'small' });
  if (last) expect(lanes.needsMore(last)).toBe(false);
});

it('an endpoint is slow while it takes more than 250 ms for an answer', () => {
  const [first, second] = addMany(2);
  if (first) lanes.leave(first, { isDown: false, durationMs: 251 });
  expect(lanes.slow()).toEqual(['endpoint']);
  if (second) lanes.leave(second, QUICK);
  expect(lanes.slow()).toEqual([]);
});
