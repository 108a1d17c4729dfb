{#- A select of all columns of `relation`, and `known_as`: the identity that a row has of its own,
    else the one that its anonymous id is mapped to. Rows of people who are still anonymous are
    held back; they come, as of their own time, once the map knows them.

    `map` is a relation made by identity_map(). -#}
{% macro identified(relation, anonymous_id, identity, map, known_as='known_as') -%}
    select
        activity.*,
        coalesce(activity.{{ identity }}, known.{{ identity }}) as {{ known_as }}
    from {{ relation }} as activity
    left join {{ map }} as known on activity.{{ anonymous_id }} = known.{{ anonymous_id }}
    where coalesce(activity.{{ identity }}, known.{{ identity }}) is not null
{%- endmacro %}
