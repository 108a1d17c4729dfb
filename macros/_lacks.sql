{#- Ends with the way to add what a warehouse lacks. Every default that can't be written for all
    warehouses calls it. -#}
{% macro _lacks(name) -%}
    {{ exceptions.raise_compiler_error(
        name ~ " is not written for " ~ target.type ~ ". fix: write a macro `" ~ target.type ~ "__"
        ~ name ~ "` in macros/ of your project, and let dbt look there first, in dbt_project.yml:"
        ~ " dispatch: [{macro_namespace: activation, search_order: [" ~ project_name
        ~ ", activation]}]"
    ) }}
{%- endmacro %}
