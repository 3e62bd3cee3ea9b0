/**
 * Inputs that make the sandbox fail. "executed" and "registered": the provider has executed the request, whatever it
 * answers. "once": the same request succeeds when it is sent again. src/sandbox/<provider>/README.md explains each, and
 * a test compares this list with it.
 */
export const MAGIC = {
  /** Frequent flyer numbers; their last five digits count. For another member: `asMember`. */
  latamPass: {
    /** Accepted, then CANCELLED with the reason. */
    canceledWithReason: {
      101: '01234599101',
      108: '01234599108',
      110: '01234599110',
      111: '01234599111',
      112: '01234599112',
      113: '01234599113',
      114: '01234599114',
      204: '01234599204',
      205: '01234599205',
      206: '01234599206',
    },
    notRegisteredAnswerLostOnce: '01234599301',
    registeredAnswerLostOnce: '01234599302',
    notRegisteredNeverAnsweredOnce: '01234599303',
    registeredNeverAnsweredOnce: '01234599304',
    registeredAnswerTruncatedOnce: '01234599305',
    /** One byte every 200 ms. */
    registeredAnswerDripsOnce: '01234599306',
    redirectedOnce: '01234599307',
    notRegisteredHtmlOnce: '01234599308',
    registeredHtmlOnce: '01234599309',
    registeredEmptyAnswerOnce: '01234599310',
    /** Also at every later send. */
    registeredAnswerLostAlways: '01234599311',
    refused: '01234599400',
    tokenRefusedOnce: '01234599401',
    /** 403 with the HTML page of a firewall in front. */
    edgeFirewallOnce: '01234599403',
    unknownMember: '01234599404',
    tooManyRequestsOnce: '01234599429',
    serverErrorOnce: '01234599500',
    registeredBadGatewayOnce: '01234599502',
    unavailableAlways: '01234599503',
    registeredGatewayTimeoutOnce: '01234599504',
    notifiedBeforeAnswer: '01234599601',
    notifiedThreeTimes: '01234599602',
    neverNotified: '01234599603',
    /** PROCESSED follows after 3 s. */
    notifiedUnknownStatusFirst: '01234599604',
    /** PROCESSED is true. */
    notifiedProcessedThenCanceled: '01234599605',
    /** PROCESSED is true. */
    notifiedCanceledThenProcessed: '01234599606',
    /** First a notification about a correlationId that no accrual has. */
    notifiedOrphanFirst: '01234599607',
    finalAfterOneMinute: '01234599608',
  },

  /** Plan identifiers. */
  loyaltyLayer: {
    badRequest: 'LOUNGE-BASIC-400',
    serverError: 'LOUNGE-BASIC-500',
    gatewayTimeout: 'LOUNGE-BASIC-504',
    executedBadGateway: 'LOUNGE-BASIC-502-AFTER',
    executedGatewayTimeout: 'LOUNGE-BASIC-504-AFTER',
    tooManyRequestsOnce: 'LOUNGE-BASIC-429',
    tokenRefusedOnce: 'LOUNGE-BASIC-BADTOKEN',
    notExecutedAnswerLost: 'LOUNGE-BASIC-DROP-BEFORE',
    executedAnswerLost: 'LOUNGE-BASIC-DROP-AFTER',
    executedNeverAnswered: 'LOUNGE-BASIC-TIMEOUT-AFTER',
    html: 'LOUNGE-BASIC-HTML',
    executedAnswerTruncated: 'LOUNGE-BASIC-TRUNCATED',
    executedWithoutPassId: 'LOUNGE-BASIC-NOID',
    /** Active after 5 s. */
    pending: 'LOUNGE-BASIC-PENDING',
    /** `suspended_by_issuer` */
    undocumentedStatus: 'LOUNGE-BASIC-ODD-STATUS',
    executedResultMissing: 'LOUNGE-BASIC-BATCH-MISSING',
    batchResultSurplus: 'LOUNGE-BASIC-BATCH-SURPLUS',
    batchResultsReversed: 'LOUNGE-BASIC-BATCH-REORDER',
    batchExecutedNeverAnswered: 'LOUNGE-BASIC-BATCH-TIMEOUT',
  },

  /** Phone numbers. */
  latcom: {
    declinedNotAuthorized: '5537689005',
    declinedInvalidTransaction: '5537689012',
    declinedInvalidAmount: '5537689013',
    declinedInvalidPackage: '5537689014',
    declinedInsufficientFunds: '5537689051',
    declinedInvalidPhone: '5537689083',
    /** Code 91, not executed. */
    issuerUnavailable: '5537689091',
    /** Code 96, not executed. */
    systemError: '5537689096',
    /** Code 77, not executed. */
    undocumentedCode: '5537689077',
    declinedNotAuthorizedWith200: '5537689105',
    declinedInvalidPhoneWith200: '5537689183',
    issuerUnavailableWith200: '5537689191',
    executedIssuerUnavailable: '5537689291',
    /** 200, 400 and 402 with `success: false` alone; not executed. */
    refusedWithoutCode: { 200: '5537689200', 400: '5537689400', 402: '5537689402' },
    executedApprovedWithCode05: '5537689201',
    executedRefusedWithCode00: '5537689202',
    executedUnderAnotherId: '5537689203',
    executedEmptyAnswer: '5537689204',
    redirected: '5537689307',
    tokenRefusedOnce: '5537689401',
    tooManyRequestsOnce: '5537689429',
    htmlWith403: '5537689403',
    html: '5537689600',
    executedHtml: '5537689610',
    serverError: '5537689500',
    executedServerError: '5537689501',
    executedGatewayTimeout: '5537689504',
    notExecutedAnswerLost: '5537689601',
    executedAnswerLost: '5537689602',
    notExecutedNeverAnswered: '5537689603',
    executedNeverAnswered: '5537689604',
    executedAnsweredAfter8Seconds: '5537689605',
    executedAnswerTruncated: '5537689607',
    /** One byte every 200 ms. */
    executedAnswerDrips: '5537689608',
    executedAnswerNotJson: '5537689609',
  },
} as const;

/** The magic digits of `ffn` for the member whose frequent flyer number begins with `start`. */
export function asMember(start: string, ffn: string): string {
  return start + ffn.slice(-5);
}
