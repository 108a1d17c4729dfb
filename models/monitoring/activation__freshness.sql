{#- Grain: a sync that is recorded. -#}
{%- set slas = [] -%}
{%- for node in activation._activated() if activation._metadata(node).get('sla') -%}
    {%- set sla = activation._metadata(node).get('sla') -%}
    {%- do slas.append([activation._model_name(node), sla, activation._hours(sla, node.name) * 60]) -%}
{%- endfor -%}
with

syncs as (

    {{ activation._log(source('activation_state', 'syncs'), texts=['sync']) }}

),

slas as (

    {{ activation._records(slas, ['model', 'sla', 'minutes']) }}

),

runs as (

    select
        *,
        row_number() over (
            partition by sync
            order by started_at desc
        ) as recency,
        max(
            case when is_settled or status = 'adopted' then finished_at end
        ) over (partition by sync) as settled_at,
        max(case when is_settled then built_at end) over (partition by sync) as read_build_at
    from {{ ref('activation__runs') }}

),

aged as (

    select
        runs.sync,
        runs.model,
        runs.destination,
        slas.sla,
        runs.status as last_status,
        {{ activation._as_double(
            dbt.datediff('runs.settled_at', activation.as_of_time(), 'second') | trim
        ) }} / 60 as age_minutes,
        {{ activation._as_double(
            dbt.datediff('runs.read_build_at', activation.as_of_time(), 'second') | trim
        ) }} / 60 as data_age_minutes,
        {{ activation._as_double('slas.minutes') }} as sla_minutes,
        runs.read_build_at as built_at,
        runs.settled_at,
        runs.finished_at as last_run_at
    from runs
    inner join syncs on runs.sync = syncs.sync
    left join slas on runs.model = slas.model
    where runs.recency = 1

),

measured as (

    select
        *,
        case
            when data_age_minutes > age_minutes then data_age_minutes
            else age_minutes
        end as oldest_minutes
    from aged

),

final as (

    select
        sync,
        model,
        destination,
        sla,
        last_status,
        {{ activation._as_text("case
            when sla_minutes is null then null
            when settled_at is null or oldest_minutes >= sla_minutes then 'alarm'
            when oldest_minutes >= 0.8 * sla_minutes then 'note'
            else 'usual'
        end") }} as verdict,
        age_minutes,
        data_age_minutes,
        sla_minutes,
        oldest_minutes / sla_minutes as sla_share,
        built_at,
        settled_at,
        last_run_at
    from measured

)

select * from final
