{#- A select of the stays of all audiences as days: `first_day` is the first at whose end the person
    was inside, `end_day` the first at whose end it was not. Who was inside before the log begins
    counts from its first day; stays that end on the day they began are left out. -#}
{% macro _stay_days(memberships, audiences) -%}
    select
        sync,
        identity,
        first_day,
        end_day
    from (
        select
            memberships.sync,
            memberships.identity,
            coalesce(cast(memberships.entered_at as date), audiences.first_day) as first_day,
            coalesce(
                cast(memberships.exited_at as date), {{ activation._last_day(-1) }}
            ) as end_day
        from {{ memberships }} as memberships
        inner join {{ audiences }} as audiences on memberships.sync = audiences.sync
    ) as dated
    where first_day < end_day
{%- endmacro %}
