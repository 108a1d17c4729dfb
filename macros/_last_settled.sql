{#- A select of each sync's last settled run of each day, from the model of all runs. -#}
{% macro _last_settled(runs) -%}
    select *
    from (
        select
            *,
            row_number() over (
                partition by sync, day
                order by started_at desc
            ) as recency
        from {{ runs }}
        where is_settled
    ) as settled_runs
    where recency = 1
{%- endmacro %}
