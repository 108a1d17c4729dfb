{#- Grain: a sync of a run. -#}
{%- set fates = [
    'unchanged', 'delivered', 'rejected', 'deferred', 'undecided', 'not_attempted', 'suppressed',
    'no_consent', 'held_out', 'outside_rollout', 'outranked', 'expired', 'invalid'
] -%}
{%- set counts = ['model_rows', 'removals'] + fates + [
    'adds', 'changes', 'removes', 'requests', 'bytes_sent'
] -%}
with

run_syncs as (

    {{ activation._log(
        source('activation_state', 'run_syncs'),
        texts=['run_id', 'sync', 'model', 'destination', 'status', 'message', 'deferrals', 'approved_by'],
        numbers=counts + ['epoch', 'definition_version', 'version_before'],
        flags=['is_definition_changed'],
        moments=['started_at', 'finished_at', 'built_at']
    ) }}

),

runs as (

    {{ activation._log(
        source('activation_state', 'runs'),
        texts=['run_id', 'dbt_invocation_id', 'git_revision']
    ) }}

),

known as (

    select
        *,
        cast(started_at as date) as day,
        status in ('success', 'rejects') as is_settled
    from run_syncs
    where started_at < {{ activation.as_of_time() }}

),

numbered as (

    select
        *,
        sum(case when is_settled then 1 else 0 end) over (
            partition by sync
            order by started_at, epoch
            rows between unbounded preceding and current row
        ) as settled_runs
    from known

),

final as (

    select
        numbered.run_id,
        numbered.sync,
        numbered.model,
        numbered.destination,
        numbered.status,
        numbered.message,
        runs.dbt_invocation_id,
        runs.git_revision,
        numbered.day,
        {%- for count in counts %}
        coalesce(numbered.{{ count }}, 0) as {{ count }},
        {%- endfor %}
        numbered.deferrals,
        {{ activation._as_double('numbered.unchanged') }}
        / nullif(numbered.unchanged + numbered.adds + numbered.changes, 0) as saved_share,
        {{ activation._as_double(
            dbt.datediff('numbered.started_at', 'numbered.finished_at', 'second') | trim
        ) }} as seconds,
        numbered.is_settled,
        (
            numbered.is_settled
            and numbered.settled_runs > 1
            and not coalesce(numbered.is_definition_changed, false)
            and not {{ activation._is_ignored('numbered.sync', 'numbered.day') }}
        ) as is_baseline,
        coalesce(numbered.is_definition_changed, false) as is_definition_changed,
        numbered.definition_version as contract_version,
        numbered.version_before as contract_version_before,
        numbered.approved_by,
        numbered.built_at,
        numbered.started_at,
        numbered.finished_at
    from numbered
    left join runs on numbered.run_id = runs.run_id

)

select * from final
