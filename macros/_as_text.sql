{#- A column as text of any length. -#}
{% macro _as_text(column) -%}
    {{ return(adapter.dispatch('_as_text', 'activation')(column)) }}
{%- endmacro %}

{% macro default___as_text(column) -%}
    cast({{ column }} as varchar)
{%- endmacro %}

{#- A bare varchar ends after 256 bytes there. -#}
{% macro redshift___as_text(column) -%}
    cast({{ column }} as varchar(65535))
{%- endmacro %}

{% macro bigquery___as_text(column) -%}
    cast({{ column }} as string)
{%- endmacro %}

{% macro spark___as_text(column) -%}
    cast({{ column }} as string)
{%- endmacro %}
