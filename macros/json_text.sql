{#- One value inside a column of JSON text, as text; null where there is none, or a JSON null.

    `path` is a key, or a list of keys from the outside in. Keys are taken literally, so dots and
    blanks in them mean nothing. Text that is no JSON is an error of the query. -#}
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
    {{ exceptions.raise_compiler_error(
        "json_text is not written for " ~ target.type
        ~ "; add " ~ target.type ~ "__json_text in macros/json_text.sql"
    ) }}
{%- endmacro %}

{% macro duckdb__json_text(column, keys) -%}
    json_extract_string({{ column }}, {{ activation._text('$."' ~ keys | join('"."') ~ '"') }})
{%- endmacro %}

{% macro postgres__json_text(column, keys) -%}
    {%- set path = [] -%}
    {%- for key in keys -%}
        {%- do path.append(activation._text(key)) -%}
    {%- endfor -%}
    json_extract_path_text(cast({{ column }} as json), {{ path | join(', ') }})
{%- endmacro %}
