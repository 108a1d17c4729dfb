{#- A project that installs the package gets macros, generic tests and the models that it switched
    on, and no other model, source or test of the package. -#}
{%- set strangers = [] -%}
{%- if execute -%}
    {%- for node in graph.nodes.values()
        if node.package_name == 'activation' and node.config.enabled
        and not modules.re.match('models/(monitoring|measurement)/', node.original_file_path) -%}
        {%- do strangers.append(node.unique_id) -%}
    {%- endfor -%}
    {%- for source in graph.sources.values()
        if source.package_name == 'activation' and source.source_name != 'activation_state' -%}
        {%- do strangers.append(source.unique_id) -%}
    {%- endfor -%}
{%- endif -%}
{% for unique_id in strangers -%}
select '{{ unique_id }}' as unique_id
{% if not loop.last %}union all{% endif %}
{% else -%}
select cast(null as varchar) as unique_id
where 1 = 0
{%- endfor %}
