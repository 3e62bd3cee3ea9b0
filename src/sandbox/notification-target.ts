/** The URL to which a provider sends its notifications, and the Basic credentials that it sends with them. */
export interface NotificationTarget {
  readonly url: string;
  readonly username: string;
  readonly password: string;
}
