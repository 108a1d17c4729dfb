{#- Whether the var `activation_ignored_days`, a list of {sync, from, to}, marks a day of a sync. -#}
{% macro _is_ignored(sync, day) -%}
    (
        1 = 0
        {%- for ignored in var('activation_ignored_days', []) %}
        or (
            {{ day }} >= cast({{ activation._text(ignored.from) }} as date)
            and {{ day }} <= cast({{ activation._text(ignored.to) }} as date)
            {%- if ignored.sync %}
            and {{ sync }} = {{ activation._text(ignored.sync) }}
            {%- endif %}
        )
        {%- endfor %}
    )
{%- endmacro %}
