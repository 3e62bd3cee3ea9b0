/** The unit of accruals in the ledger and in the contract: whole points. */
export const POINTS_UNIT = 'LATAM_PASS_POINTS';
