import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { Ledger } from '../../ledger/ledger.service.js';
import type { ProviderClient } from '../../outbound/provider-client.js';
import type { OperationPriority } from '../../connector/connector.js';
import { BatchCoalescer } from './batch-coalescer.service.js';
import { SendAdmission } from './send-admission.service.js';
import { BacklogEstimate } from './backlog-estimate.service.js';
import { ConnectorRegistry, type RegisteredProvider } from '../connector-registry.service.js';
import { Jobs } from '../../jobs/jobs.service.js';

const TICK_MS = 500;
const MAX_CLAIMED_AT_ONCE = 100;
const NOTHING = { room: 0, mustBatch: false };
/** Work that has waited longer gets every other permit. */
const WAITED_LONG_MS = 5_000;

/** Claims due operations and sends them: retries, releases, polls, and those of a crashed instance. */
@Injectable()
export class DueWorkJob implements OnApplicationBootstrap {
  constructor(
    private readonly admission: SendAdmission,
    private readonly ledger: Ledger,
    private readonly registry: ConnectorRegistry,
    private readonly coalescer: BatchCoalescer,
    private readonly backlog: BacklogEstimate,
    private readonly jobs: Jobs,
  ) {}

  /** A job for each provider: a slow one does not hold up the others. */
  onApplicationBootstrap(): void {
    for (const provider of this.registry.all()) {
      const name = `DueWorkJob.serve ${provider.definition.name}`;
      this.jobs.add({ name, everyMs: TICK_MS, work: (ending) => this.serve(provider, ending) });
    }
  }

  private async serve({ definition, client }: RegisteredProvider, ending: AbortSignal): Promise<void> {
    const provider = definition.name;
    while (!ending.aborted) {
      const { room, onlyExpired } = this.admission.claimable(provider);
      if (room <= 0) break;
      const priority =
        client.forecast.isScarce && !onlyExpired ? await this.priorityNow(provider, client) : 'background';
      // Claims no more than the quota allows; the rest waits in the database. Expired operations need no permit.
      const prospect = onlyExpired ? NOTHING : await client.forecast.prospect(priority);
      const permits = Math.min(room, prospect.room);
      const mayOnlyEnd = permits <= 0;
      if (!mayOnlyEnd && prospect.mustBatch && this.coalescer.coalesces(provider)) {
        const request = { provider, leaseMs: this.registry.leaseMs(provider), actor: 'gateway', maxRows: permits };
        await this.admission.hold(() => this.coalescer.sendTight(client, request, priority));
        this.backlog.note(provider, true);
        break;
      }
      const wanted = mayOnlyEnd ? room : this.coalescer.rowsFor(provider, permits);
      const maxRows = Math.min(wanted, MAX_CLAIMED_AT_ONCE);
      const fair = !mayOnlyEnd && permits < MAX_CLAIMED_AT_ONCE;
      const how = { maxRows, onlyExpired: mayOnlyEnd, fair };
      const taken = await this.admission.hold(() => this.takeUp(provider, how, priority));
      this.backlog.note(provider, !onlyExpired && (mayOnlyEnd || (fair && taken >= maxRows)));
      // The quota is read again when these have taken their permits.
      if (fair || taken < maxRows) break;
    }
  }

  /** While aged operations wait, new ones get only every other permit. */
  private async priorityNow(provider: string, client: ProviderClient): Promise<'aged' | 'background'> {
    if (!(await this.ledger.hasDueOlderThan(provider, WAITED_LONG_MS))) return 'background';
    await client.forecast.favorAged();
    return 'aged';
  }

  private async takeUp(
    provider: string,
    how: { maxRows: number; onlyExpired: boolean; fair: boolean },
    priority: OperationPriority,
  ): Promise<number> {
    const request = { provider, leaseMs: this.registry.leaseMs(provider), actor: 'gateway', ...how };
    const claims = await this.ledger.claimDue(request);
    if (how.fair && claims.length >= how.maxRows) await this.coalescer.sendScarce(claims, request, priority);
    else this.coalescer.sendAlone(claims, priority);
    return claims.length;
  }
}
