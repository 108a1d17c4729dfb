{#- A select of every sync that keeps an audience, with the first day its log tells of. -#}
{% macro _audiences(runs, changes, syncs) -%}
    select
        sync,
        max(kind) as kind,
        min(day) as first_day
    from (
        select
            runs.sync,
            syncs.kind,
            runs.day
        from {{ runs }} as runs
        inner join {{ syncs }} as syncs on runs.sync = syncs.sync
        where syncs.kind <> 'events'
        union all
        select
            sync,
            kind,
            cast(delivered_at as date) as day
        from {{ changes }}
        where delivered_at < {{ activation.as_of_time() }}
    ) as traces
    group by sync
{%- endmacro %}
