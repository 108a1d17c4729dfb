{#- The package's own macros, told apart by what they add. A project whose warehouse the package
    lacks writes one from nothing. -#}
{% macro duckdb__stable_bucket(salt, identity) -%}
    0 + {{ activation.duckdb__stable_bucket(salt, identity) }}
{%- endmacro %}

{% macro postgres__stable_bucket(salt, identity) -%}
    0 + {{ activation.postgres__stable_bucket(salt, identity) }}
{%- endmacro %}
