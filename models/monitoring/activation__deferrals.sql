{#- Grain: a reason for which rows of a sync wait after a day's last settled run. -#}
{%- set reasons = ['cap', 'cadence', 'interval', 'group', 'waiting', 'window', 'limit'] -%}
{%- set listed = "',' || deferrals || ','" -%}
with

settled as (

    {{ activation._last_settled(ref('activation__runs')) }}

),

cut as (

    {%- for reason in reasons %}
    {%- set mark = "'," ~ reason ~ ":'" %}
    select
        sync,
        day,
        '{{ reason }}' as reason,
        substring(
            {{ listed }}, {{ dbt.position(mark, listed) | trim }} + {{ reason | length + 2 }}, 20
        ) as found
    from settled
    where {{ dbt.position(mark, listed) | trim }} > 0
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

counted as (

    select
        sync,
        day,
        reason,
        cast(
            substring(found, 1, {{ dbt.position("','", 'found') | trim }} - 1) as bigint
        ) as row_count
    from cut

),

told as (

    select
        sync,
        day,
        sum(row_count) as row_count
    from counted
    group by sync, day

),

others as (

    select
        settled.sync,
        settled.day,
        'other' as reason,
        cast(settled.deferred - coalesce(told.row_count, 0) as bigint) as row_count
    from settled
    left join told on settled.sync = told.sync and settled.day = told.day

),

every_reason as (

    select
        sync,
        day,
        reason,
        row_count
    from counted
    union all
    select
        sync,
        day,
        reason,
        row_count
    from others

),

final as (

    select
        sync,
        {{ activation._as_text('reason') }} as reason,
        day,
        row_count
    from every_reason
    where row_count > 0

)

select * from final
