{#- True where a date or timestamp lies within a window that ends at the run: at least `at_least`
    and at most `at_most` days ago, both included, today being 0. Never null: what has not happened
    did not happen within the window. `at_most` none leaves the window open.

    With `unit='hours'`, the window is counted in hours back from as_of_time(). -#}
{% macro happened_within(column, at_most=none, at_least=0, unit='days') -%}
    {%- if unit not in ['days', 'hours'] -%}
        {{ exceptions.raise_compiler_error(
            "happened_within(): `unit` is `" ~ unit ~ "`. fix: write days or hours"
        ) }}
    {%- endif -%}
    {%- set column = 'cast(' ~ column ~ ' as date)' if unit == 'days'
        else activation._as_moment(column) -%}
    {%- set ago = activation.as_of if unit == 'days' else activation.as_of_time -%}
    coalesce(
            {%- if at_most is not none %}
            {{ column }} >= {{ ago(at_most) }} and
            {%- endif %}
            {{ column }} <= {{ ago(at_least) }},
            false
        )
{%- endmacro %}
