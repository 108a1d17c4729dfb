{#- The reason column: the texts of all predicates that hold, joined; null when none does.

    `reasons` maps a boolean column to its text. Keep the texts free of numbers that move every
    day, because each new text is a change to send. -#}
{% macro qualified_because(reasons, separator='; ') -%}
    nullif(
            substr(
                {%- for column, reason in reasons.items() %}
                {{ '|| ' if not loop.first -}}
                case when {{ column }} then {{ activation._text(separator ~ reason) }} else '' end
                {%- endfor %},
                {{ separator | length + 1 }}
            ),
            ''
        )
{%- endmacro %}
