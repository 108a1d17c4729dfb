-- A state of format 1, as the version that wrote that format left it: two runs of two syncs,
-- four people of whom one has left. {state} is the state schema.
create schema {state};
create table {state}.acks_seg_active__customerio (
    epoch bigint, flush_id integer, seq bigint, outcome varchar, code varchar, reason varchar,
    answered_at timestamp
);
create table {state}.acks_traits_people__customerio (
    epoch bigint, flush_id integer, seq bigint, outcome varchar, code varchar, reason varchar,
    answered_at timestamp
);
create table {state}.checks (
    run_id varchar, sync varchar, checked_at timestamp, sent bigint, found bigint,
    matched bigint, differing_traits varchar
);
create table {state}.dead_letters (
    sync varchar, identity varchar, op varchar, code varchar, reason varchar,
    first_rejected_at timestamp, last_rejected_at timestamp, attempts integer,
    model_rows bigint
);
create table {state}.deliveries (
    run_id varchar, sync varchar, identity varchar, op varchar, cause varchar, reason varchar,
    changed varchar, outcome varchar, code varchar, delivered_at timestamp
);
insert into {state}.deliveries values (
    '0d9f5c144ea5453a9c8db0e799ba1d55', 'seg_active__customerio', 'p2', 'change', 'changed',
    'round 4', '*', 'delivered', null, timestamp '2026-11-28 15:48:15.239446'
);
insert into {state}.deliveries values (
    '0d9f5c144ea5453a9c8db0e799ba1d55', 'seg_active__customerio', 'p4', 'remove', 'left', null,
    '*', 'delivered', null, timestamp '2026-11-28 15:48:15.220699'
);
insert into {state}.deliveries values (
    '0d9f5c144ea5453a9c8db0e799ba1d55', 'traits_people__customerio', 'p4', 'remove', 'left',
    null, '*', 'delivered', null, timestamp '2026-11-28 15:48:14.685027'
);
insert into {state}.deliveries values (
    '0d9f5c144ea5453a9c8db0e799ba1d55', 'traits_people__customerio', 'p2', 'change', 'changed',
    null, 'revision,plan,', 'delivered', null, timestamp '2026-11-28 15:48:14.697347'
);
insert into {state}.deliveries values (
    'ad1c0c8e99d04ca98dbe4f0ae9a9ed87', 'seg_active__customerio', 'p3', 'add', 'new',
    'round 2', '*', 'delivered', null, timestamp '2026-11-28 15:48:08.045108'
);
insert into {state}.deliveries values (
    'ad1c0c8e99d04ca98dbe4f0ae9a9ed87', 'seg_active__customerio', 'p1', 'add', 'new',
    'round 0', '*', 'delivered', null, timestamp '2026-11-28 15:48:08.045108'
);
insert into {state}.deliveries values (
    'ad1c0c8e99d04ca98dbe4f0ae9a9ed87', 'seg_active__customerio', 'p2', 'add', 'new',
    'round 2', '*', 'delivered', null, timestamp '2026-11-28 15:48:08.045108'
);
insert into {state}.deliveries values (
    'ad1c0c8e99d04ca98dbe4f0ae9a9ed87', 'seg_active__customerio', 'p4', 'add', 'new',
    'round 0', '*', 'delivered', null, timestamp '2026-11-28 15:48:08.045108'
);
insert into {state}.deliveries values (
    'ad1c0c8e99d04ca98dbe4f0ae9a9ed87', 'traits_people__customerio', 'p1', 'add', 'new', null,
    '*', 'delivered', null, timestamp '2026-11-28 15:48:07.664361'
);
insert into {state}.deliveries values (
    'ad1c0c8e99d04ca98dbe4f0ae9a9ed87', 'traits_people__customerio', 'p4', 'add', 'new', null,
    '*', 'delivered', null, timestamp '2026-11-28 15:48:07.664361'
);
insert into {state}.deliveries values (
    'ad1c0c8e99d04ca98dbe4f0ae9a9ed87', 'traits_people__customerio', 'p3', 'add', 'new', null,
    '*', 'delivered', null, timestamp '2026-11-28 15:48:07.664361'
);
insert into {state}.deliveries values (
    'ad1c0c8e99d04ca98dbe4f0ae9a9ed87', 'traits_people__customerio', 'p2', 'add', 'new', null,
    '*', 'delivered', null, timestamp '2026-11-28 15:48:07.664361'
);
create table {state}.installation (
    format_version integer primary key, salt varchar, created_at timestamp
);
insert into {state}.installation values (
    1, 'eeaac7363a310c1b9a72981414846222', timestamp '2026-11-28 15:48:07.249574'
);
create table {state}.leases (
    sync varchar primary key, epoch bigint, owner varchar, host varchar, process varchar,
    version varchar, acquired_at timestamp, expires_at timestamp, is_released boolean
);
insert into {state}.leases values (
    'seg_active__customerio', 2, 'unknown', 'runner',
    '3434:102063:35f32e32-1cbc-4d82-acfa-5a6ef86cf8c6', '0.1.0',
    timestamp '2026-11-28 15:48:15.007081', timestamp '2026-11-28 15:50:15.319733', true
);
insert into {state}.leases values (
    'traits_people__customerio', 2, 'unknown', 'runner',
    '3434:102063:35f32e32-1cbc-4d82-acfa-5a6ef86cf8c6', '0.1.0',
    timestamp '2026-11-28 15:48:14.218430', timestamp '2026-11-28 15:50:14.752981', true
);
create table {state}.plan_seg_active__customerio (
    epoch bigint, seq bigint, op varchar, cause varchar, identity varchar, address varchar,
    related varchar, reason varchar, transition integer, origin_epoch bigint,
    fingerprint bigint, event varchar, occurred_at timestamp, is_quiet boolean,
    changed varchar, t_active_reason varchar
);
create table {state}.plan_traits_people__customerio (
    epoch bigint, seq bigint, op varchar, cause varchar, identity varchar, address varchar,
    related varchar, reason varchar, transition integer, origin_epoch bigint,
    fingerprint bigint, event varchar, occurred_at timestamp, is_quiet boolean,
    changed varchar, t_revision integer, t_plan text, t_city varchar
);
create table {state}.pulls (
    connection varchar, cursor varchar, pulled_at timestamp, records bigint
);
create table {state}.responses (
    connection varchar, record_id varchar, recorded_at timestamp, record varchar,
    pulled_at timestamp
);
create table {state}.run_syncs (
    run_id varchar, sync varchar, model varchar, destination varchar, epoch bigint,
    status varchar, message varchar, started_at timestamp, finished_at timestamp,
    model_rows bigint, removals bigint, unchanged bigint, delivered bigint, rejected bigint,
    deferred bigint, undecided bigint, not_attempted bigint, suppressed bigint,
    held_out bigint, outside_rollout bigint, invalid bigint, adds bigint, changes bigint,
    removes bigint, requests bigint, bytes_sent bigint, definition varchar,
    is_definition_changed boolean
);
insert into {state}.run_syncs values (
    '0d9f5c144ea5453a9c8db0e799ba1d55', 'seg_active__customerio', 'seg_active', 'customerio',
    2, 'success', '', timestamp '2026-11-28 15:48:14.982280',
    timestamp '2026-11-28 15:48:15.301786', 3, 1, 2, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 3,
    432, 'ef839cfc9256d4e6d1b411e1df39b676-71e1bf0c0efaf4211093e685557b6b5e', false
);
insert into {state}.run_syncs values (
    '0d9f5c144ea5453a9c8db0e799ba1d55', 'traits_people__customerio', 'traits_people',
    'customerio', 2, 'success', '', timestamp '2026-11-28 15:48:10.882249',
    timestamp '2026-11-28 15:48:14.741161', 3, 1, 2, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 2,
    264, '05c5e6d13f5ce8bb6adf405aa0273b65-d32df37a42457e8c58b113f65ddbd3df', false
);
insert into {state}.run_syncs values (
    'ad1c0c8e99d04ca98dbe4f0ae9a9ed87', 'seg_active__customerio', 'seg_active', 'customerio',
    1, 'success', '', timestamp '2026-11-28 15:48:07.858529',
    timestamp '2026-11-28 15:48:08.089146', 4, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 2,
    1186, 'ef839cfc9256d4e6d1b411e1df39b676-71e1bf0c0efaf4211093e685557b6b5e', false
);
insert into {state}.run_syncs values (
    'ad1c0c8e99d04ca98dbe4f0ae9a9ed87', 'traits_people__customerio', 'traits_people',
    'customerio', 1, 'success', '', timestamp '2026-11-28 15:48:03.271597',
    timestamp '2026-11-28 15:48:07.689074', 4, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 1,
    507, '05c5e6d13f5ce8bb6adf405aa0273b65-d32df37a42457e8c58b113f65ddbd3df', false
);
create table {state}.runs (
    run_id varchar, started_at timestamp, finished_at timestamp, exit_code integer,
    version varchar, dbt_invocation_id varchar, git_revision varchar, target varchar
);
insert into {state}.runs values (
    '0d9f5c144ea5453a9c8db0e799ba1d55', timestamp '2026-11-28 15:48:10.857287',
    timestamp '2026-11-28 15:48:15.505462', 0, '0.1.0', '5d9a0c1e-0000-4000-8000-000000000000',
    '', 'dev'
);
insert into {state}.runs values (
    'ad1c0c8e99d04ca98dbe4f0ae9a9ed87', timestamp '2026-11-28 15:48:03.249785',
    timestamp '2026-11-28 15:48:08.182484', 0, '0.1.0', '5d9a0c1e-0000-4000-8000-000000000000',
    '', 'dev'
);
create table {state}.snapshot_seg_active__customerio (
    identity varchar, address varchar, related varchar, fingerprint bigint, is_member boolean,
    entries integer, first_entered_at timestamp, last_entered_at timestamp,
    last_exited_at timestamp, acknowledged_at timestamp, definition_version integer,
    doubt varchar, origin_epoch bigint, t_active_reason varchar
);
insert into {state}.snapshot_seg_active__customerio values (
    'p1', null, null, null, true, 1, timestamp '2026-11-28 15:48:08.045108',
    timestamp '2026-11-28 15:48:08.045108', null, timestamp '2026-11-28 15:48:08.045108', 1,
    null, null, 'round 0'
);
insert into {state}.snapshot_seg_active__customerio values (
    'p2', null, null, null, true, 1, timestamp '2026-11-28 15:48:08.045108',
    timestamp '2026-11-28 15:48:08.045108', null, timestamp '2026-11-28 15:48:15.239446', 1,
    null, null, 'round 4'
);
insert into {state}.snapshot_seg_active__customerio values (
    'p3', null, null, null, true, 1, timestamp '2026-11-28 15:48:08.045108',
    timestamp '2026-11-28 15:48:08.045108', null, timestamp '2026-11-28 15:48:08.045108', 1,
    null, null, 'round 2'
);
insert into {state}.snapshot_seg_active__customerio values (
    'p4', null, null, null, false, 1, timestamp '2026-11-28 15:48:08.045108',
    timestamp '2026-11-28 15:48:08.045108', timestamp '2026-11-28 15:48:15.220699',
    timestamp '2026-11-28 15:48:15.220699', 1, null, null, null
);
create table {state}.snapshot_traits_people__customerio (
    identity varchar, address varchar, related varchar, fingerprint bigint, is_member boolean,
    entries integer, first_entered_at timestamp, last_entered_at timestamp,
    last_exited_at timestamp, acknowledged_at timestamp, definition_version integer,
    doubt varchar, origin_epoch bigint, t_revision integer, t_plan text, t_city varchar
);
insert into {state}.snapshot_traits_people__customerio values (
    'p1', null, null, null, true, 1, timestamp '2026-11-28 15:48:07.664361',
    timestamp '2026-11-28 15:48:07.664361', null, timestamp '2026-11-28 15:48:07.664361', 1,
    null, null, 0, 'plan 0', 'city 1'
);
insert into {state}.snapshot_traits_people__customerio values (
    'p2', null, null, null, true, 1, timestamp '2026-11-28 15:48:07.664361',
    timestamp '2026-11-28 15:48:07.664361', null, timestamp '2026-11-28 15:48:14.697347', 1,
    null, null, 4, 'plan 1', 'city 2'
);
insert into {state}.snapshot_traits_people__customerio values (
    'p3', null, null, null, true, 1, timestamp '2026-11-28 15:48:07.664361',
    timestamp '2026-11-28 15:48:07.664361', null, timestamp '2026-11-28 15:48:07.664361', 1,
    null, null, 2, 'plan 2', 'city 3'
);
insert into {state}.snapshot_traits_people__customerio values (
    'p4', null, null, null, false, 1, timestamp '2026-11-28 15:48:07.664361',
    timestamp '2026-11-28 15:48:07.664361', timestamp '2026-11-28 15:48:14.685027',
    timestamp '2026-11-28 15:48:14.685027', 1, null, null, null, null, null
);
create table {state}.syncs (
    sync varchar, model varchar, destination varchar, kind varchar, identity varchar,
    identify_by varchar, account varchar, definition varchar, definition_version integer,
    recipe varchar, columns varchar, baselined_at timestamp, completed_at timestamp,
    epoch bigint
);
insert into {state}.syncs values (
    'seg_active__customerio', 'seg_active', 'customerio', 'segment', 'person_id', null, '4711',
    'ef839cfc9256d4e6d1b411e1df39b676-71e1bf0c0efaf4211093e685557b6b5e', 1, '',
    '[{"name": "active_reason", "type": "character varying", "pii": false, "dropped": false}]',
    timestamp '2026-11-28 15:48:08.093088', timestamp '2026-11-28 15:48:15.319733', 2
);
insert into {state}.syncs values (
    'traits_people__customerio', 'traits_people', 'customerio', 'traits', 'person_id', null,
    '4711', '05c5e6d13f5ce8bb6adf405aa0273b65-d32df37a42457e8c58b113f65ddbd3df', 1, '',
    '[{"name": "revision", "type": "integer", "pii": false, "dropped": false}, {"name": "plan", "type": "text", "pii": false, "dropped": false}, {"name": "city", "type": "character varying", "pii": false, "dropped": false}]',
    timestamp '2026-11-28 15:48:07.692721', timestamp '2026-11-28 15:48:14.752981', 2
);
