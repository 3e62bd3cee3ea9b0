/** A reason to reject a request: the table of the page "Accrual notification". */
export interface Reason {
  readonly code: number;
  readonly message: string;
  readonly instructions: string;
}

const CONTACT_LATAM = 'Member: Contact LATAM to update your data';
const INVALID_CPF = 'Incorrect CPF format validated by the Core System';

export const REASONS: readonly Reason[] = [
  {
    code: 101,
    message: 'ActivityDateGreater ThanCurrentDate',
    instructions: 'Validate your request because some date is greater than current date',
  },
  {
    code: 108,
    message: 'PartnerDoesNotExist',
    // The sample has an unescaped line feed here, inside the JSON string: see `notificationBody`.
    instructions: "Partner doesn't exist.\nPlease contact our LATAM team to set up the necessary configurations.",
  },
  { code: 110, message: 'IACOD', instructions: 'Accrual code is expired or invalid' },
  {
    code: 111,
    message: 'CCIE - Invalid country of residence',
    instructions: 'Invalid program. Please contact our LATAM team to set up the necessary configurations.',
  },
  { code: 112, message: 'DuplicateMemberProfiles ExistsAsPerAlgorithm', instructions: CONTACT_LATAM },
  { code: 113, message: INVALID_CPF, instructions: 'Fix the CPF number' },
  { code: 114, message: 'Invalid member status', instructions: CONTACT_LATAM },
  { code: 204, message: 'Member already exists', instructions: CONTACT_LATAM },
  { code: 205, message: INVALID_CPF, instructions: 'Fix the CPF number' },
  { code: 206, message: 'Member already exists', instructions: CONTACT_LATAM },
];

export function reasonOf(code: number): Reason | undefined {
  return REASONS.find((reason) => reason.code === code);
}
