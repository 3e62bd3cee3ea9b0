import { Column, CreateDateColumn, Entity, PrimaryColumn, UpdateDateColumn } from 'typeorm';

export const PLAN_KINDS = ['lounge', 'esim', 'other'] as const;
export type PlanKind = (typeof PLAN_KINDS)[number];

/** A LoyaltyLayer plan as operators configured it. */
@Entity('plans')
export class PlanEntity {
  @PrimaryColumn('text', { name: 'plan_id' })
  planId!: string;

  @Column('text')
  kind!: PlanKind;

  @Column('boolean', { name: 'enrol_token_required' })
  enrolTokenRequired!: boolean;

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt!: Date;

  @UpdateDateColumn({ name: 'updated_at', type: 'timestamptz' })
  updatedAt!: Date;
}
