{#- One value inside a column of JSON text, as text; null where there is none, or a JSON null.

    `path` is a key, or a list of keys from the outside in. Keys are taken literally, so dots and
    blanks in them mean nothing. Text that is no JSON is an error of the query on most warehouses,
    null on Spark and Databricks; Redshift knows no difference between null and an empty text. -#}
{% macro json_text(column, path) -%}
    {%- set keys = [path] if path is string else path -%}
    {%- for key in keys if key is not string or '"' in key or '\\' in key -%}
        {{ exceptions.raise_compiler_error(
            "json_text(): `" ~ key ~ "` is not a key it can look for."
            ~ " fix: write the path as a text or a list of texts without quotes and backslashes"
        ) }}
    {%- endfor -%}
    {{ return(adapter.dispatch('json_text', 'activation')(column, keys)) }}
{%- endmacro %}

{% macro default__json_text(column, keys) -%}
    {{ activation._lacks('json_text') }}
{%- endmacro %}

{% macro duckdb__json_text(column, keys) -%}
    json_extract_string({{ column }}, {{ activation._text('$."' ~ keys | join('"."') ~ '"') }})
{%- endmacro %}

{% macro postgres__json_text(column, keys) -%}
    json_extract_path_text(cast({{ column }} as json), {{ activation._texts(keys) }})
{%- endmacro %}

{% macro redshift__json_text(column, keys) -%}
    nullif(json_extract_path_text({{ column }}, {{ activation._texts(keys) }}), '')
{%- endmacro %}

{% macro snowflake__json_text(column, keys) -%}
    {%- set path = '["' ~ keys | join('"]["') ~ '"]' -%}
    cast(get_path(parse_json({{ column }}), {{ activation._text(path) }}) as varchar)
{%- endmacro %}

{% macro bigquery__json_text(column, keys) -%}
    json_value({{ column }}, {{ activation._text('$."' ~ keys | join('"."') ~ '"') }})
{%- endmacro %}

{% macro spark__json_text(column, keys) -%}
    {%- for key in keys if "'" in key -%}
        {{ exceptions.raise_compiler_error(
            "json_text(): Spark can't look for `" ~ key ~ "`, which holds a quote."
            ~ " fix: take the key out of the path"
        ) }}
    {%- endfor -%}
    get_json_object({{ column }}, {{ activation._text("$['" ~ keys | join("']['") ~ "']") }})
{%- endmacro %}

{% macro trino__json_text(column, keys) -%}
    {%- set path = '$["' ~ keys | join('"]["') ~ '"]' -%}
    json_extract_scalar(json_parse({{ column }}), {{ activation._text(path) }})
{%- endmacro %}

{% macro athena__json_text(column, keys) -%}
    {{ activation.trino__json_text(column, keys) }}
{%- endmacro %}
