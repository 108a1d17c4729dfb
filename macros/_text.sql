{#- A text literal, with what is special inside it escaped as the warehouse wants. -#}
{% macro _text(value) -%}
    {{ return(adapter.dispatch('_text', 'activation')(value | string)) }}
{%- endmacro %}

{% macro default___text(value) -%}
    '{{ value | replace("'", "''") }}'
{%- endmacro %}

{% macro snowflake___text(value) -%}
    {{ activation._backslashed(value) }}
{%- endmacro %}

{% macro bigquery___text(value) -%}
    {{ activation._backslashed(value) }}
{%- endmacro %}

{% macro redshift___text(value) -%}
    {{ activation._backslashed(value) }}
{%- endmacro %}

{% macro spark___text(value) -%}
    {{ activation._backslashed(value) }}
{%- endmacro %}

{#- For dialects in which a backslash begins an escape. -#}
{% macro _backslashed(value) -%}
    '{{ value | replace("\\", "\\\\") | replace("'", "\\'") }}'
{%- endmacro %}
