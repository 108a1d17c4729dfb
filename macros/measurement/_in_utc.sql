{#- A column as a moment in UTC without a zone; `data_type` is what its contract says. A timestamp
    that has no zone is in UTC already. -#}
{% macro _in_utc(column, data_type) -%}
    {%- set written = (data_type or '') | lower -%}
    {%- if 'with time zone' in written or written in ('timestamptz', 'timestamp_tz', 'timestamp_ltz') -%}
        {{ return(adapter.dispatch('_in_utc', 'activation')(column)) }}
    {%- endif -%}
    {{ return(activation._as_moment(column)) }}
{%- endmacro %}

{% macro default___in_utc(column) -%}
    {{ activation._as_moment(column ~ " at time zone 'UTC'") }}
{%- endmacro %}

{% macro snowflake___in_utc(column) -%}
    {{ activation._as_moment("convert_timezone('UTC', " ~ column ~ ")") }}
{%- endmacro %}
