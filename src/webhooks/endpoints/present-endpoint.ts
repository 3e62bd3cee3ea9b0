import { publicId } from '../../common/ids.js';
import type { Endpoint } from './endpoint.js';
import type { EndpointDto } from './endpoint.dto.js';

export function present(endpoint: Endpoint): EndpointDto {
  const { url, types, description, disabledReason } = endpoint;
  return {
    id: publicId('whep', endpoint.id),
    url,
    types: [...types],
    description,
    status: disabledReason === null ? 'enabled' : 'disabled',
    disabledReason,
    failingSince: endpoint.failingSince?.toISOString() ?? null,
    lastSuccessAt: endpoint.lastSuccessAt?.toISOString() ?? null,
    createdAt: endpoint.createdAt.toISOString(),
  };
}
