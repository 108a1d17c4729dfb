{#- Grain: a stay of a person in an audience. -#}
with

acknowledged as (

    select
        *,
        lead(op) over (
            partition by sync, identity
            order by epoch, seq
        ) as next_op,
        lead(run_id) over (
            partition by sync, identity
            order by epoch, seq
        ) as next_run_id
    from {{ ref('activation__membership_changes') }}
    where delivered_at < {{ activation.as_of_time() }}

),

moved_apart as (

    select
        sync,
        kind,
        identity,
        op,
        cause,
        reason,
        epoch,
        seq,
        delivered_at,
        lag(op) over (
            partition by sync, identity
            order by epoch, seq
        ) as op_before
    from acknowledged
    where
        op <> 'remove'
        or cause <> 'moved'
        or coalesce(next_op, 'none') <> 'add'
        or coalesce(next_run_id, 'none') <> run_id

),

steps as (

    select
        *,
        case
            when op_before is null then 1
            when op <> 'remove' and op_before = 'remove' then 1
            else 0
        end as begins,
        case
            when op = 'remove' and coalesce(op_before, 'none') <> 'remove' then 1
            else 0
        end as ends
    from moved_apart

),

numbered as (

    select
        *,
        sum(begins) over (
            partition by sync, identity
            order by epoch, seq
            rows between unbounded preceding and current row
        ) as stay
    from steps

),

stays as (

    select
        sync,
        kind,
        identity,
        stay,
        max(case when begins = 1 then op end) as first_op,
        max(case when begins = 1 then reason end) as first_reason,
        max(case when begins = 1 then delivered_at end) as first_at,
        max(case when ends = 1 then cause end) as exit_cause,
        max(case when ends = 1 then delivered_at end) as exited_at
    from numbered
    group by sync, kind, identity, stay

),

final as (

    select
        sync,
        kind,
        identity,
        case when stay > 1 or first_op = 'add' then first_reason end as entry_reason,
        exit_cause,
        cast(stay as integer) as stay,
        exited_at is null as is_member,
        case when stay > 1 or first_op = 'add' then first_at end as entered_at,
        exited_at
    from stays

)

select * from final
