{#- A select of how many people were drawn for these holdouts: one row for each holdout, percentage
    and day, see the model activation__holdout_days. -#}
{% macro _holdout_days(holdouts) -%}
    {%- set drawn = activation._state('holdouts') if holdouts else none -%}
    {%- set arms = ['treated', 'control', 'prior', 'excluded'] -%}
    {%- if not drawn -%}
        {{ return(activation._typed_nothing(activation._measurement_columns('holdout_days'))) }}
    {%- endif -%}
    with

    stored as (

        select
            holdout,
            identity,
            min(arm) as arm,
            min({{ activation._as_double(adapter.quote('percent')) }}) as drawn_percent,
            cast(min(assigned_at) as date) as day
        from {{ drawn }}
        where assigned_at <= {{ activation.as_of_time() }}
        group by holdout, identity

    ),

    days as (

        select
            holdout,
            drawn_percent,
            day,
            case
                {%- for holdout in holdouts %}
                when holdout = {{ activation._text(holdout.name) }} then {{ holdout.people }}
                {%- endfor %}
            end as announced_people,
            {%- for arm in arms %}
            count(case when arm = '{{ arm }}' then 1 end) as {{ arm }}
            {{- ',' if not loop.last }}
            {%- endfor %}
        from stored
        where
            holdout in (
                {%- for holdout in holdouts %}
                {{ activation._text(holdout.name) }}{{ ',' if not loop.last }}
                {%- endfor %}
            )
        group by holdout, drawn_percent, day

    ),

    added as (

        select
            days.*,
            {%- for arm in arms[:2] %}
            sum({{ arm }}) over (
                partition by holdout, drawn_percent
                order by day
                rows between unbounded preceding and current row
            ) as {{ arm }}_so_far
            {{- ',' if not loop.last }}
            {%- endfor %}
        from days

    )

    select
        added.*,
        {{ activation._split_is_off('treated_so_far', 'control_so_far', 'drawn_percent', 'announced_people') }} as is_split_off
    from added
{%- endmacro %}
