{#- The reason column: the texts of all predicates that hold, joined; null when none does.

    `reasons` maps a boolean column to its text. Keep the texts free of numbers that move every
    day, because each new text is a change to send. -#}
{% macro qualified_because(reasons, separator='; ') -%}
    {{ return(adapter.dispatch('qualified_because', 'activation')(reasons, separator)) }}
{%- endmacro %}

{% macro default__qualified_because(reasons, separator) -%}
    {{ exceptions.raise_compiler_error(
        "qualified_because is not written for " ~ target.type
        ~ "; add " ~ target.type ~ "__qualified_because in macros/qualified_because.sql"
    ) }}
{%- endmacro %}

{% macro duckdb__qualified_because(reasons, separator) -%}
    {{ activation._joined_reasons(reasons, separator) }}
{%- endmacro %}

{% macro postgres__qualified_because(reasons, separator) -%}
    {{ activation._joined_reasons(reasons, separator) }}
{%- endmacro %}

{#- For dialects whose concat_ws skips nulls. -#}
{% macro _joined_reasons(reasons, separator) -%}
    nullif(
            concat_ws(
                {{ activation._text(separator) }}
                {%- for column, reason in reasons.items() %},
                case when {{ column }} then {{ activation._text(reason) }} end
                {%- endfor %}
            ),
            ''
        )
{%- endmacro %}
