import type { SendResult } from '../sending/webhook-http.service.js';
import type { EndpointTestDto } from './delivery.dto.js';

export function presentTest({ status, durationMs, error }: SendResult): EndpointTestDto {
  return { delivered: status !== null && status >= 200 && status < 300, status, durationMs, error };
}
