export { AccessModule } from './access.module.js';
export { Audit } from './audit.service.js';
export type { AnyCaller, AppCaller, NotifierCaller, OperatorCaller, Role, Scope } from './caller.js';
export { Caller, Notifier, Operator, Partner, Public } from './decorators.js';
export { assertMayReadBlocked, assertMayReadPersonal, mayReadBlocked } from './personal.js';
