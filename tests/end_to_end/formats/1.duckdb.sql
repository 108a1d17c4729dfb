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
    '5414fc6d6ba2488ebfadb4479d336a54', 'seg_active__customerio', 'p1', 'add', 'new',
    'round 0', '*', 'delivered', null, timestamp '2026-11-28 15:47:51.116058'
);
insert into {state}.deliveries values (
    '5414fc6d6ba2488ebfadb4479d336a54', 'seg_active__customerio', 'p2', 'add', 'new',
    'round 2', '*', 'delivered', null, timestamp '2026-11-28 15:47:51.116058'
);
insert into {state}.deliveries values (
    '5414fc6d6ba2488ebfadb4479d336a54', 'seg_active__customerio', 'p3', 'add', 'new',
    'round 2', '*', 'delivered', null, timestamp '2026-11-28 15:47:51.116058'
);
insert into {state}.deliveries values (
    '5414fc6d6ba2488ebfadb4479d336a54', 'seg_active__customerio', 'p4', 'add', 'new',
    'round 0', '*', 'delivered', null, timestamp '2026-11-28 15:47:51.116058'
);
insert into {state}.deliveries values (
    '5414fc6d6ba2488ebfadb4479d336a54', 'traits_people__customerio', 'p1', 'add', 'new', null,
    '*', 'delivered', null, timestamp '2026-11-28 15:47:50.296716'
);
insert into {state}.deliveries values (
    '5414fc6d6ba2488ebfadb4479d336a54', 'traits_people__customerio', 'p2', 'add', 'new', null,
    '*', 'delivered', null, timestamp '2026-11-28 15:47:50.296716'
);
insert into {state}.deliveries values (
    '5414fc6d6ba2488ebfadb4479d336a54', 'traits_people__customerio', 'p3', 'add', 'new', null,
    '*', 'delivered', null, timestamp '2026-11-28 15:47:50.296716'
);
insert into {state}.deliveries values (
    '5414fc6d6ba2488ebfadb4479d336a54', 'traits_people__customerio', 'p4', 'add', 'new', null,
    '*', 'delivered', null, timestamp '2026-11-28 15:47:50.296716'
);
insert into {state}.deliveries values (
    '7e3c1ca1624f43368c7a61fcf1ff89b9', 'seg_active__customerio', 'p4', 'remove', 'left', null,
    '*', 'delivered', null, timestamp '2026-11-28 15:47:55.706092'
);
insert into {state}.deliveries values (
    '7e3c1ca1624f43368c7a61fcf1ff89b9', 'seg_active__customerio', 'p2', 'change', 'changed',
    'round 4', '*', 'delivered', null, timestamp '2026-11-28 15:47:55.709062'
);
insert into {state}.deliveries values (
    '7e3c1ca1624f43368c7a61fcf1ff89b9', 'traits_people__customerio', 'p4', 'remove', 'left',
    null, '*', 'delivered', null, timestamp '2026-11-28 15:47:54.504352'
);
insert into {state}.deliveries values (
    '7e3c1ca1624f43368c7a61fcf1ff89b9', 'traits_people__customerio', 'p2', 'change', 'changed',
    null, 'revision,plan,', 'delivered', null, timestamp '2026-11-28 15:47:54.506957'
);
create table {state}.installation (
    format_version integer primary key, salt varchar, created_at timestamp
);
insert into {state}.installation values (
    1, '191dce748b6fdcc7ab5bfff5b022d00f', timestamp '2026-11-28 15:47:49.771868'
);
create table {state}.leases (
    sync varchar primary key, epoch bigint, owner varchar, host varchar, process varchar,
    version varchar, acquired_at timestamp, expires_at timestamp, is_released boolean
);
insert into {state}.leases values (
    'seg_active__customerio', 2, 'unknown', 'runner',
    '2385:100383:35f32e32-1cbc-4d82-acfa-5a6ef86cf8c6', '0.1.0',
    timestamp '2026-11-28 15:47:55.218544', timestamp '2026-11-28 15:49:55.896056', true
);
insert into {state}.leases values (
    'traits_people__customerio', 2, 'unknown', 'runner',
    '2385:100383:35f32e32-1cbc-4d82-acfa-5a6ef86cf8c6', '0.1.0',
    timestamp '2026-11-28 15:47:54.173608', timestamp '2026-11-28 15:49:54.715109', true
);
create table {state}.plan_seg_active__customerio (
    epoch bigint, seq bigint, op varchar, cause varchar, identity varchar, address varchar,
    related varchar, reason varchar, transition integer, origin_epoch bigint,
    fingerprint ubigint, event varchar, occurred_at timestamp, is_quiet boolean,
    changed varchar, t_active_reason varchar
);
create table {state}.plan_traits_people__customerio (
    epoch bigint, seq bigint, op varchar, cause varchar, identity varchar, address varchar,
    related varchar, reason varchar, transition integer, origin_epoch bigint,
    fingerprint ubigint, event varchar, occurred_at timestamp, is_quiet boolean,
    changed varchar, t_revision integer, t_plan varchar, t_city varchar
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
    '5414fc6d6ba2488ebfadb4479d336a54', 'seg_active__customerio', 'seg_active', 'customerio',
    1, 'success', '', timestamp '2026-11-28 15:47:50.637201',
    timestamp '2026-11-28 15:47:51.265439', 4, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 2,
    1186, '0d9b179af064011de29e0a5b21842c4b-71e1bf0c0efaf4211093e685557b6b5e', false
);
insert into {state}.run_syncs values (
    '5414fc6d6ba2488ebfadb4479d336a54', 'traits_people__customerio', 'traits_people',
    'customerio', 1, 'success', '', timestamp '2026-11-28 15:47:49.383659',
    timestamp '2026-11-28 15:47:50.381108', 4, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 1,
    507, '22c7de4ce1a1f9c77de59c33c0270253-d32df37a42457e8c58b113f65ddbd3df', false
);
insert into {state}.run_syncs values (
    '7e3c1ca1624f43368c7a61fcf1ff89b9', 'seg_active__customerio', 'seg_active', 'customerio',
    2, 'success', '', timestamp '2026-11-28 15:47:55.110509',
    timestamp '2026-11-28 15:47:55.813128', 3, 1, 2, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 3,
    432, '0d9b179af064011de29e0a5b21842c4b-71e1bf0c0efaf4211093e685557b6b5e', false
);
insert into {state}.run_syncs values (
    '7e3c1ca1624f43368c7a61fcf1ff89b9', 'traits_people__customerio', 'traits_people',
    'customerio', 2, 'success', '', timestamp '2026-11-28 15:47:53.840583',
    timestamp '2026-11-28 15:47:54.643855', 3, 1, 2, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 2,
    264, '22c7de4ce1a1f9c77de59c33c0270253-d32df37a42457e8c58b113f65ddbd3df', false
);
create table {state}.runs (
    run_id varchar, started_at timestamp, finished_at timestamp, exit_code integer,
    version varchar, dbt_invocation_id varchar, git_revision varchar, target varchar
);
insert into {state}.runs values (
    '5414fc6d6ba2488ebfadb4479d336a54', timestamp '2026-11-28 15:47:49.254451',
    timestamp '2026-11-28 15:47:51.650956', 0, '0.1.0', '5d9a0c1e-0000-4000-8000-000000000000',
    '', 'dev'
);
insert into {state}.runs values (
    '7e3c1ca1624f43368c7a61fcf1ff89b9', timestamp '2026-11-28 15:47:53.704351',
    timestamp '2026-11-28 15:47:56.298639', 0, '0.1.0', '5d9a0c1e-0000-4000-8000-000000000000',
    '', 'dev'
);
create table {state}.snapshot_seg_active__customerio (
    identity varchar, address varchar, related varchar, fingerprint ubigint, is_member boolean,
    entries integer, first_entered_at timestamp, last_entered_at timestamp,
    last_exited_at timestamp, acknowledged_at timestamp, definition_version integer,
    doubt varchar, origin_epoch bigint, t_active_reason varchar
);
insert into {state}.snapshot_seg_active__customerio values (
    'p1', null, null, 12915612916387986960, true, 1, timestamp '2026-11-28 15:47:51.116058',
    timestamp '2026-11-28 15:47:51.116058', null, timestamp '2026-11-28 15:47:51.116058', 1,
    null, null, 'round 0'
);
insert into {state}.snapshot_seg_active__customerio values (
    'p2', null, null, 9314548020031023544, true, 1, timestamp '2026-11-28 15:47:51.116058',
    timestamp '2026-11-28 15:47:51.116058', null, timestamp '2026-11-28 15:47:55.709062', 1,
    null, null, 'round 4'
);
insert into {state}.snapshot_seg_active__customerio values (
    'p3', null, null, 12913484823236937581, true, 1, timestamp '2026-11-28 15:47:51.116058',
    timestamp '2026-11-28 15:47:51.116058', null, timestamp '2026-11-28 15:47:51.116058', 1,
    null, null, 'round 2'
);
insert into {state}.snapshot_seg_active__customerio values (
    'p4', null, null, null, false, 1, timestamp '2026-11-28 15:47:51.116058',
    timestamp '2026-11-28 15:47:51.116058', timestamp '2026-11-28 15:47:55.706092',
    timestamp '2026-11-28 15:47:55.706092', 1, null, null, null
);
create table {state}.snapshot_traits_people__customerio (
    identity varchar, address varchar, related varchar, fingerprint ubigint, is_member boolean,
    entries integer, first_entered_at timestamp, last_entered_at timestamp,
    last_exited_at timestamp, acknowledged_at timestamp, definition_version integer,
    doubt varchar, origin_epoch bigint, t_revision integer, t_plan varchar, t_city varchar
);
insert into {state}.snapshot_traits_people__customerio values (
    'p1', null, null, 10246974720670236396, true, 1, timestamp '2026-11-28 15:47:50.296716',
    timestamp '2026-11-28 15:47:50.296716', null, timestamp '2026-11-28 15:47:50.296716', 1,
    null, null, 0, 'plan 0', 'city 1'
);
insert into {state}.snapshot_traits_people__customerio values (
    'p2', null, null, 9493313119239382368, true, 1, timestamp '2026-11-28 15:47:50.296716',
    timestamp '2026-11-28 15:47:50.296716', null, timestamp '2026-11-28 15:47:54.506957', 1,
    null, null, 4, 'plan 1', 'city 2'
);
insert into {state}.snapshot_traits_people__customerio values (
    'p3', null, null, 10749655851161173543, true, 1, timestamp '2026-11-28 15:47:50.296716',
    timestamp '2026-11-28 15:47:50.296716', null, timestamp '2026-11-28 15:47:50.296716', 1,
    null, null, 2, 'plan 2', 'city 3'
);
insert into {state}.snapshot_traits_people__customerio values (
    'p4', null, null, null, false, 1, timestamp '2026-11-28 15:47:50.296716',
    timestamp '2026-11-28 15:47:50.296716', timestamp '2026-11-28 15:47:54.504352',
    timestamp '2026-11-28 15:47:54.504352', 1, null, null, null, null, null
);
create table {state}.syncs (
    sync varchar, model varchar, destination varchar, kind varchar, identity varchar,
    identify_by varchar, account varchar, definition varchar, definition_version integer,
    recipe varchar, columns varchar, baselined_at timestamp, completed_at timestamp,
    epoch bigint
);
insert into {state}.syncs values (
    'seg_active__customerio', 'seg_active', 'customerio', 'segment', 'person_id', null, '4711',
    '0d9b179af064011de29e0a5b21842c4b-71e1bf0c0efaf4211093e685557b6b5e', 1,
    '2;duckdb 2.0.0;None;None;active_reason:VARCHAR:None',
    '[{"name": "active_reason", "type": "VARCHAR", "pii": false, "dropped": false}]',
    timestamp '2026-11-28 15:47:51.337466', timestamp '2026-11-28 15:47:55.896056', 2
);
insert into {state}.syncs values (
    'traits_people__customerio', 'traits_people', 'customerio', 'traits', 'person_id', null,
    '4711', '22c7de4ce1a1f9c77de59c33c0270253-d32df37a42457e8c58b113f65ddbd3df', 1,
    '2;duckdb 2.0.0;None;None;city:VARCHAR:None,plan:VARCHAR:None,revision:INTEGER:None',
    '[{"name": "revision", "type": "INTEGER", "pii": false, "dropped": false}, {"name": "plan", "type": "VARCHAR", "pii": false, "dropped": false}, {"name": "city", "type": "VARCHAR", "pii": false, "dropped": false}]',
    timestamp '2026-11-28 15:47:50.414177', timestamp '2026-11-28 15:47:54.715109', 2
);
